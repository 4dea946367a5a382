#include "ranking/labels.h"

#include <algorithm>
#include <charconv>

#include "ranking/keys.h"

namespace acpp::ranking {
namespace {

template <class T>
const T* row_of(const void* data, index_t stride, index_t y) {
    return static_cast<const T*>(data) + y * stride;
}

// visit(double) of every element of one of the two stacks, until it returns false.
template <class Visit>
void for_each_value(const ScoredImages& input, bool labels, Visit&& visit) {
    with_dtype(labels ? input.label_type : input.score_type, [&](auto tag) {
        using T = typename decltype(tag)::type;
        for (const ScoredImage& image : input.images)
            for (index_t y = 0; y < image.height; ++y) {
                const T* row = labels ? row_of<T>(image.labels, image.label_stride, y)
                                      : row_of<T>(image.scores, image.score_stride, y);
                for (index_t x = 0; x < image.width; ++x)
                    if (!visit(as_double(row[x]))) return;
            }
    });
}

}  // namespace

const std::uint8_t* label_row(const ScoredImages& input, const ScoredImage& image, index_t y, std::uint8_t* scratch) {
    if (byte_labels(input.label_type)) return row_of<std::uint8_t>(image.labels, image.label_stride, y);
    with_dtype(input.label_type, [&](auto tag) {
        using T = typename decltype(tag)::type;
        const T* row = row_of<T>(image.labels, image.label_stride, y);
        if constexpr (std::is_same_v<T, Half>) {
            for (index_t x = 0; x < image.width; ++x) scratch[x] = (row[x].bits & 0x7fff) != 0;
        } else {
            for (index_t x = 0; x < image.width; ++x) scratch[x] = row[x] != T{0};
        }
    });
    return scratch;
}

void inspect_labels(const ScoredImages& input, const ScoredImage& image, index_t y, index_t begin, index_t end,
                    LabelValues& seen) {
    if (input.label_type == DType::boolean) {
        seen.one |= begin < end;
        return;
    }
    with_dtype(input.label_type, [&](auto tag) {
        using T = typename decltype(tag)::type;
        const T* row = row_of<T>(image.labels, image.label_stride, y);
        std::uint8_t one = 0, full = 0, other = 0;  // bytes: masks of bytes are read sixteen at a time then
        for (index_t x = begin; x < end; ++x) {
            std::uint8_t is_zero, is_one, is_full = 0;
            if constexpr (std::is_same_v<T, Half>)
                is_zero = (row[x].bits & 0x7fff) == 0, is_one = row[x].bits == 0x3c00;
            else
                is_zero = row[x] == T{0}, is_one = row[x] == T{1};
            if constexpr (std::is_same_v<T, std::uint8_t>) is_full = row[x] == 255;
            one |= is_one, full |= is_full, other |= (is_zero | is_one | is_full) ^ 1;
        }
        seen.one |= one != 0, seen.full |= full != 0, seen.other |= other != 0;
    });
}

std::string offending_labels(const ScoredImages& input) {
    std::vector<double> found;
    bool full_only = input.label_type == DType::u8;
    for_each_value(input, true, [&](double v) {
        if (v == 1) full_only = false;
        return full_only;
    });
    for_each_value(input, true, [&](double v) {
        const bool allowed = v == 0 || v == 1 || (full_only && v == 255);
        const bool known =
            std::any_of(found.begin(), found.end(), [&](double f) { return f == v || (f != f && v != v); });
        if (!allowed && !known) found.push_back(v);
        return found.size() < 5;
    });
    std::string text;
    for (double v : found) {
        char digits[32];
        const auto end = std::to_chars(digits, digits + sizeof digits, v).ptr;
        text += (text.empty() ? "" : ", ") + std::string(digits, end);
    }
    return text;
}

bool looks_swapped(const ScoredImages& input) {
    if (input.label_type != DType::f16 && input.label_type != DType::f32 && input.label_type != DType::f64)
        return false;
    if (input.made) return false;
    bool binary = true;
    for_each_value(input, false, [&](double v) { return binary = v == 0 || v == 1; });
    return binary;
}

}  // namespace acpp::ranking
