#include "pairwise/codes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>

#include "pairwise/encode_kernel.h"

namespace acpp::pairwise {
namespace {

// Outside these norms float32 products or their squares could overflow or lose bits to underflow.
constexpr double smallest_norm = 0x1p-40, largest_norm = 0x1p40;

index_t padded(index_t bytes) { return (bytes + 63) / 64 * 64; }

// The value of one unit of a row's integer codes. int8 codes reach the kernels' largest. int16 codes have a norm below
// sqrt(2^31), the rounding of each by up to a half included: any part of the product of two such rows then fits 32
// bits.
float integer_step(const EncodePlan& plan, const RowSums& row, index_t cols) {
    if (row.exact_sq == 0) return 1.0f;
    if (plan.code == Code::int8) return static_cast<float>(row.largest / plan.largest_code);
    const double longest = 46338 - std::sqrt(static_cast<double>(cols)) / 2;
    return static_cast<float>(std::max(std::sqrt(row.exact_sq) / longest, row.largest / 32766));
}

}  // namespace

template <class T>
std::vector<float> robust_centre(MatrixView<const T> rows, const RunOptions& run) {
    constexpr index_t samples = 7, rows_per_sample = 64;
    const std::size_t cols = static_cast<std::size_t>(rows.cols);
    const index_t wanted = std::min(rows.rows, samples * rows_per_sample);
    std::vector<double> means(cols * samples, 0.0);
    std::array<index_t, samples> counts{};
    for (index_t i = 0; i < wanted; ++i) ++counts[static_cast<std::size_t>(i % samples)];
    parallel_blocks(rows.cols, 4096, run, [&](index_t begin, index_t end) {
        for (index_t i = 0; i < wanted; ++i) {
            const T* row = rows.row(i * rows.rows / wanted);
            double* mean = means.data() + (i % samples) * rows.cols;
            for (index_t j = begin; j < end; ++j) mean[j] += static_cast<double>(row[j]);
        }
    });
    const std::size_t used = static_cast<std::size_t>(std::min(wanted, samples));
    std::vector<float> centre(cols, 0.0f);
    std::vector<double> column;
    for (std::size_t j = 0; j < cols; ++j) {
        column.clear();
        for (std::size_t s = 0; s < used; ++s) {
            const double mean = means[s * cols + j] / static_cast<double>(counts[s]);
            if (std::isfinite(mean)) column.push_back(mean);
        }
        if (column.empty()) continue;
        const auto middle = column.begin() + static_cast<std::ptrdiff_t>(column.size() / 2);
        std::nth_element(column.begin(), middle, column.end());
        centre[j] = static_cast<float>(std::clamp(*middle, -1e30, 1e30));
    }
    return centre;
}

template <class T>
PackedCodes encode(MatrixView<const T> rows, const RowSelection& selection, const EncodePlan& plan,
                   const RunOptions& run) {
    const int height = plan.layout.rows, width = code_bytes(plan.code);
    PackedCodes out;
    out.rows_ = selection.count;
    out.row_bytes_ = padded(rows.cols * width);
    out.layout_ = plan.layout;
    const index_t panels = (selection.count + height - 1) / height, slots = panels * height;
    out.panels_ = AlignedBuffer<std::byte>(slots * out.row_bytes_);
    out.column_a_ = AlignedBuffer<float>(slots);
    out.column_b_ = AlignedBuffer<float>(slots);
    out.scale_ = AlignedBuffer<float>(slots);
    out.bias_ = AlignedBuffer<std::int32_t>(slots);
    out.terms_ = AlignedBuffer<Terms>(slots);
    std::mutex lock;

    const index_t panels_per_block = std::max<index_t>(1, (256 << 10) / (height * rows.cols * 8));
    with_isa([&](auto isa) {
        parallel_blocks(panels, panels_per_block, run, [&](index_t begin, index_t end) {
            AlignedBuffer<double> a(rows.cols);
            AlignedBuffer<std::byte> flat(height * out.row_bytes_);
            std::memset(flat.data(), 0, static_cast<std::size_t>(flat.size()));
            for (index_t p = begin; p < end; ++p) {
                for (int r = 0; r < height; ++r) {
                    const index_t i = p * height + r;
                    std::byte* code = flat.data() + r * out.row_bytes_;
                    out.scale_[i] = 0;
                    out.bias_[i] = 0;
                    out.terms_[i] = {0, 0, 0};
                    bool coded = i < selection.count;
                    if (coded) {
                        const double divisor = plan.norms ? plan.norms[selection(i)] : 1.0;
                        const RowSums row =
                            centre_row<isa.value>(rows.row(selection(i)), plan.centre, divisor, rows.cols, a.data());
                        const double norm = std::sqrt(row.exact_sq);
                        coded = norm == 0 || (norm >= smallest_norm && norm <= largest_norm);  // false for NaN
                        if (plan.norms) coded = coded && divisor > 1e-12;
                        if (coded) {
                            CodeSums sums{};
                            double scale = 1;
                            if (plan.code == Code::fp32) {
                                sums = encode_fp32<isa.value>(a.data(), rows.cols, reinterpret_cast<float*>(code));
                            } else {
                                const float step = integer_step(plan, row, rows.cols);
                                sums = plan.code == Code::int8
                                           ? encode_integer<isa.value>(a.data(), step, rows.cols,
                                                                       reinterpret_cast<std::int8_t*>(code))
                                           : encode_integer<isa.value>(a.data(), step, rows.cols,
                                                                       reinterpret_cast<std::int16_t*>(code));
                                scale = step;
                            }
                            out.scale_[i] = static_cast<float>(scale);
                            out.bias_[i] = plan.partner_bias * sums.code_sum;
                            out.terms_[i].code_norm = std::sqrt(sums.code_sq) * scale;
                            out.terms_[i].exact_norm = norm;
                            // The second term: roundings in forming a_j in float64.
                            out.terms_[i].residual =
                                std::sqrt(sums.residual_sq) * (1 + 1e-6) + 0x1p-48 * norm + plan.residual_floor;
                        } else {
                            const std::lock_guard hold(lock);
                            out.uncoded_.push_back(i);
                        }
                    }
                    if (!coded) std::memset(code, 0, static_cast<std::size_t>(out.row_bytes_));
                    const bool norms = plan.kind == BoundKind::sq_distance;
                    out.column_a_[i] =
                        norms ? static_cast<float>(out.terms_[i].code_norm * out.terms_[i].code_norm) : 0.0f;
                    out.column_b_[i] =
                        norms ? static_cast<float>(out.terms_[i].exact_norm * out.terms_[i].exact_norm) : 0.0f;
                    if (!coded && i < selection.count) {
                        out.terms_[i].residual = std::numeric_limits<double>::infinity();
                        out.column_a_[i] = out.column_b_[i] = -std::numeric_limits<float>::infinity();
                    }
                }
                if (plan.layout.bias != 0)
                    for (index_t t = 0; t < flat.size(); ++t)
                        flat[t] = static_cast<std::byte>(static_cast<unsigned char>(flat[t]) + plan.layout.bias);
                std::byte* panel = out.panels_.data() + p * height * out.row_bytes_;
                const int filled = plan.layout.ragged
                                       ? static_cast<int>(std::min<index_t>(height, selection.count - p * height))
                                       : height;
                if (plan.layout.group_bytes == 4) {
                    interleave<isa.value>(flat.data(), filled, out.row_bytes_, panel);
                } else {
                    const index_t group = plan.layout.group_bytes;
                    for (index_t g = 0; g < out.row_bytes_; g += group)
                        for (int r = 0; r < height; ++r)
                            std::memcpy(panel + (g * height + r * group), flat.data() + r * out.row_bytes_ + g,
                                        static_cast<std::size_t>(group));
                }
                if (plan.layout.bias != 0)
                    for (int r = 0; r < height; ++r)  // restore zero padding behind the columns
                        std::memset(flat.data() + r * out.row_bytes_ + rows.cols * width, 0,
                                    static_cast<std::size_t>(out.row_bytes_ - rows.cols * width));
            }
        });
    });
    std::sort(out.uncoded_.begin(), out.uncoded_.end());
    out.groups_.resize(static_cast<std::size_t>((slots + group_rows - 1) / group_rows));
    for (index_t i = 0; i < selection.count; ++i) {
        GroupTerms& g = out.groups_[static_cast<std::size_t>(i / group_rows)];
        g.code_norm = std::max(g.code_norm, out.terms_[i].code_norm);
        g.exact_norm = std::max(g.exact_norm, out.terms_[i].exact_norm);
        if (out.terms_[i].residual < std::numeric_limits<double>::infinity())
            g.residual = std::max(g.residual, out.terms_[i].residual);
    }
    return out;
}

index_t PackedCodes::nbytes() const {
    return panels_.size() +
           column_a_.size() * static_cast<index_t>(3 * sizeof(float) + sizeof(std::int32_t) + sizeof(Terms));
}

template std::vector<float> robust_centre<float>(MatrixView<const float>, const RunOptions&);
template std::vector<float> robust_centre<double>(MatrixView<const double>, const RunOptions&);
template PackedCodes encode<float>(MatrixView<const float>, const RowSelection&, const EncodePlan&, const RunOptions&);
template PackedCodes encode<double>(MatrixView<const double>, const RowSelection&, const EncodePlan&,
                                    const RunOptions&);

}  // namespace acpp::pairwise
