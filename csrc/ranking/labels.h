#pragma once
// Label rows as bytes (0: background), whatever their element type; and the check that they are labels at all.
#include <string>
#include <vector>

#include "ranking/images.h"

namespace acpp::ranking {

// True where label bytes can be read in place.
constexpr bool byte_labels(DType type) { return type == DType::boolean || type == DType::u8 || type == DType::i8; }

// Nonzero-as-one bytes of row y; `scratch` (width bytes) holds them when the labels are not bytes already.
const std::uint8_t* label_row(const ScoredImages& input, const ScoredImage& image, index_t y, std::uint8_t* scratch);

// What nonzero labels occur: accepted are {0, 1} of any type and {0, 255} of uint8.
struct LabelValues {
    bool one = false, full = false, other = false;

    void merge(const LabelValues& o) { one |= o.one, full |= o.full, other |= o.other; }
    bool valid() const { return !other && !(one && full); }
};

// Looks at the labels of row y at [begin, end).
void inspect_labels(const ScoredImages& input, const ScoredImage& image, index_t y, index_t begin, index_t end,
                    LabelValues& seen);

// Up to five label values outside {0, 1}, as text; slow, for messages.
std::string offending_labels(const ScoredImages& input);

// True if every score is 0 or 1 and the labels are floats that are not: the arguments were swapped. For messages.
bool looks_swapped(const ScoredImages& input);

}  // namespace acpp::ranking
