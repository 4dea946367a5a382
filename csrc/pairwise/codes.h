#pragma once
// Rows as low-precision codes around a centre, with what the bounds need to know of each, packed in panels.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/aligned.h"
#include "core/parallel.h"
#include "pairwise/bounds.h"
#include "pairwise/tile_kernel.h"

namespace acpp::pairwise {

constexpr index_t group_rows = 512;  // rows that share their largest terms: one outlier spoils one group only

// A vector near the middle of the rows, in float32: per column the median of the means of seven samples, so that a
// few rows of huge norm do not carry it away. Any vector would be valid; a good one makes residuals small.
template <class T>
std::vector<float> robust_centre(MatrixView<const T> rows, const RunOptions& run = {});

enum class BoundKind { sq_distance, negated_dot };

struct EncodePlan {
    BoundKind kind;
    Code code;
    PanelLayout layout;
    int largest_code;           // int8 only
    const float* centre;        // null: rows are not centred
    const double* norms;        // null, or the norm that each row is divided by first (cosine)
    std::int32_t partner_bias;  // what the other operand's layout adds to its int8 codes
    double residual_floor;      // added to every residual: the roundings of the canonical value itself
};

// Which rows of a matrix are encoded: the listed ones from `first` on, or rows first, first + 1, ...
struct RowSelection {
    const index_t* listed;
    index_t first, count;

    index_t operator()(index_t i) const { return listed ? listed[first + i] : first + i; }
};

class PackedCodes {
  public:
    PackedCodes() = default;

    index_t rows() const { return rows_; }
    index_t row_bytes() const { return row_bytes_; }  // padded to a multiple of 64
    const PanelLayout& layout() const { return layout_; }
    const std::byte* panel(index_t p) const { return panels_.data() + p * layout_.rows * row_bytes_; }
    const Terms& terms(index_t i) const { return terms_[i]; }
    const GroupTerms& group(index_t row) const { return groups_[static_cast<std::size_t>(row / group_rows)]; }
    // Column terms of the tile comparison: squared norms of the codes and of the exact rows, or zeros for inner
    // products; -inf for an uncoded row, so that every comparison lets it through.
    const float* column_a() const { return column_a_.data(); }
    const float* column_b() const { return column_b_.data(); }
    const float* scale() const { return scale_.data(); }
    const std::int32_t* bias() const { return bias_.data(); }

    // Rows that no code holds (not finite, norms beyond 2^+-40, no direction for cosine). As bank rows they are
    // candidates of every query; as queries they must be searched without codes.
    const std::vector<index_t>& uncoded() const { return uncoded_; }
    index_t nbytes() const;

    template <class T>
    friend PackedCodes encode(MatrixView<const T> rows, const RowSelection& selection, const EncodePlan& plan,
                              const RunOptions& run);

  private:
    index_t rows_ = 0, row_bytes_ = 0;
    PanelLayout layout_{};
    AlignedBuffer<std::byte> panels_;
    AlignedBuffer<float> column_a_, column_b_, scale_;
    AlignedBuffer<std::int32_t> bias_;
    AlignedBuffer<Terms> terms_;
    std::vector<GroupTerms> groups_;
    std::vector<index_t> uncoded_;
};

template <class T>
PackedCodes encode(MatrixView<const T> rows, const RowSelection& selection, const EncodePlan& plan,
                   const RunOptions& run);

}  // namespace acpp::pairwise
