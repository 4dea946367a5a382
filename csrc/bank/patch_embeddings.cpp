#include "bank/patch_embeddings.h"

#include <algorithm>
#include <string>

#include "bank/adaptive_average.h"
#include "bank/patch_embeddings_kernel.h"
#include "core/aligned.h"
#include "core/error.h"
#include "maps/axis_weights.h"

namespace acpp::bank {
namespace {

// Far beyond any map: keeps products of sizes within 64 bits.
constexpr index_t largest_patch = 4096;

std::vector<Tap> bilinear_taps(index_t size_in, index_t size_out) {
    const auto axis = maps::resize_weights(size_in, size_out, maps::Mode::bilinear);
    std::vector<Tap> taps;
    for (index_t o = 0; o < size_out; ++o)
        taps.push_back({axis.first[o], axis.first[o] + axis.count[o] - 1,
                        axis.count[o] > 1 ? axis.weight[o * axis.taps + 1] : 0.0});
    return taps;
}

// Whether rows are worth writing past the caches: more than those hold, and whole lines at a time.
template <class T>
bool streams(const MatrixView<T>& out, const T* target) {
    constexpr index_t line = 64, cached = index_t{32} << 20;
    return out.rows * out.cols * static_cast<index_t>(sizeof(T)) > cached &&
           reinterpret_cast<std::uintptr_t>(target) % line == 0 &&
           out.row_stride * static_cast<index_t>(sizeof(T)) % line == 0;
}

// A piece of the result that one thread makes at a time: some channels of a layer, some rows of the patch grid.
struct Piece {
    std::size_t layer;
    index_t channel, channels, first, rows;
};

// Rows [first, first + rows) of a piece's channels, those of one position together.
template <class T>
void gather_rows(const FeatureMaps<T>& maps, index_t image, const Piece& piece, index_t first, index_t rows, auto isa,
                 T* out) {
    const T* from = maps.plane(image, piece.channel) + first * maps.row_stride;
    if (maps.column_stride == 1 && maps.row_stride == maps.width) {
        to_channels_last<isa.value, T>(from, maps.channel_stride, piece.channels, rows * maps.width, out);
        return;
    }
    for (index_t y = 0; y < rows; ++y, from += maps.row_stride, out += maps.width * channel_block) {
        if (maps.column_stride == 1) {
            to_channels_last<isa.value, T>(from, maps.channel_stride, piece.channels, maps.width, out);
            continue;
        }
        for (index_t x = 0; x < maps.width; ++x) {
            const T* position = from + x * maps.column_stride;
            T* target = out + x * channel_block;
            if (maps.channel_stride == 1)
                std::copy_n(position, piece.channels, target);
            else
                for (index_t c = 0; c < piece.channels; ++c) target[c] = position[c * maps.channel_stride];
            std::fill(target + piece.channels, target + channel_block, T(0));
        }
    }
}

template <class T>
void average_piece(const FeatureMaps<T>& maps, index_t image, const Piece& piece, const std::vector<Tap>& rows,
                   const std::vector<Tap>& columns, index_t patch, auto isa, const PatchRows<T>& out) {
    const bool same_grid =
        maps.height == static_cast<index_t>(rows.size()) && maps.width == static_cast<index_t>(columns.size());
    const index_t reach = patch / 2;
    Window window{maps.height, maps.width, patch, 0, 0, piece.first, piece.rows};
    if (!same_grid) {
        window.first = rows[piece.first].low;
        window.rows = rows[piece.first + piece.rows - 1].high + 1 - window.first;
    }
    window.in_first = std::max<index_t>(0, window.first - reach);
    window.in_rows = std::min(maps.height, window.first + window.rows + reach) - window.in_first;

    const index_t row_values = maps.width * channel_block;
    AlignedBuffer<T> source(window.in_rows * row_values), sums(window.in_rows * row_values);
    gather_rows<T>(maps, image, piece, window.in_first, window.in_rows, isa, source.data());
    if (same_grid) {
        average_window<isa.value, T>(source.data(), window, sums.data(), out);
        return;
    }
    AlignedBuffer<T> averages(window.rows * row_values), blended(row_values);
    average_window<isa.value, T>(source.data(), window, sums.data(),
                                 {averages.data(), channel_block, channel_block, false, false});
    resample<isa.value, T>(averages.data() - window.first * row_values, row_values, channel_block, maps.width,
                           rows.data() + piece.first, piece.rows, columns.data(), static_cast<index_t>(columns.size()),
                           blended.data(), out);
}

// The weights of one block of output columns, for one layer: planes with a border of zeros -> sums -> channels last.
template <class T>
void adaptive_piece(const FeatureMaps<T>& maps, index_t image, const TapSums<T>& sums, index_t begin, index_t count,
                    index_t patch, index_t stride, const std::vector<Tap>& rows, const std::vector<Tap>& columns,
                    auto isa, const PatchRows<T>& out) {
    const index_t pad = (patch - 1) / 2, area = patch * patch;
    const index_t height = maps.height + 2 * pad, width = maps.width + 2 * pad, plane = height * width;
    index_t low = maps.channels, high = 0;
    for (index_t j = begin; j < begin + count; ++j) {
        if (sums.count(j) == 0) continue;
        low = std::min(low, sums.first[j] / area);
        high = std::max(high, (sums.first[j] + sums.count(j) - 1) / area + 1);
    }
    AlignedBuffer<T> padded((high - low) * plane);
    std::fill_n(padded.data(), padded.size(), T(0));
    for (index_t c = low; c < high; ++c)
        for (index_t y = 0; y < maps.height; ++y) {
            const T* row = maps.plane(image, c) + y * maps.row_stride;
            T* target = padded.data() + (c - low) * plane + (y + pad) * width + pad;
            for (index_t x = 0; x < maps.width; ++x) target[x] = row[x * maps.column_stride];
        }

    // Tap (dy, dx) of every patch is the padded plane from offset dy * width + dx on: positions run in one line, those
    // that would wrap around a row's end are never read. The last patch ends where the plane does.
    const index_t line = plane - (patch - 1) * width - (patch - 1);
    AlignedBuffer<T> summed(count * line), positions(line * channel_block), blended;
    std::vector<const T*> taps;
    for (index_t j = begin; j < begin + count; ++j) {
        taps.clear();
        for (index_t k = sums.first[j]; k < sums.first[j] + sums.count(j); ++k)
            taps.push_back(padded.data() + (k / area - low) * plane + k % area / patch * width + k % patch);
        sum_taps<isa.value, T>(taps.data(), sums.weight.data() + sums.start[j], sums.count(j), line,
                               summed.data() + (j - begin) * line);
    }
    to_channels_last<isa.value, T>(summed.data(), line, count, line, positions.data());
    const index_t in_width = (maps.width + 2 * pad - patch) / stride + 1;
    blended = AlignedBuffer<T>(in_width * channel_block);
    resample<isa.value, T>(positions.data(), stride * width * channel_block, stride * channel_block, in_width,
                           rows.data(), static_cast<index_t>(rows.size()), columns.data(),
                           static_cast<index_t>(columns.size()), blended.data(), out);
}

template <class T>
void require_layers(const std::vector<FeatureMaps<T>>& layers) {
    require(!layers.empty(), "feature_maps must hold at least one layer");
    for (std::size_t l = 0; l < layers.size(); ++l) {
        const std::string name = "feature_maps[" + std::to_string(l) + "]";
        require(layers[l].channels > 0 && layers[l].height > 0 && layers[l].width > 0,
                name + " must have at least one channel, row and column");
        require(layers[l].images == layers[0].images, name + " holds " + std::to_string(layers[l].images) +
                                                          " images but feature_maps[0] holds " +
                                                          std::to_string(layers[0].images));
    }
}

}  // namespace

Grid patch_grid(index_t height, index_t width, index_t patch, index_t stride) {
    require(patch >= 1 && patch <= largest_patch,
            "patch_size must lie between 1 and " + std::to_string(largest_patch) + "; got " + std::to_string(patch));
    require(stride >= 1, "stride must be at least 1; got " + std::to_string(stride));
    const index_t pad = (patch - 1) / 2;
    const Grid grid{(height + 2 * pad - patch) / stride + 1, (width + 2 * pad - patch) / stride + 1};
    require(height + 2 * pad >= patch && width + 2 * pad >= patch,
            "patch_size " + std::to_string(patch) + " does not fit a feature map of " + std::to_string(height) + " x " +
                std::to_string(width));
    return grid;
}

template <class T>
void average_embeddings(const std::vector<FeatureMaps<T>>& layers, index_t patch, MatrixView<T> out,
                        const RunOptions& run) {
    require_layers(layers);
    require(patch >= 1 && patch <= largest_patch && patch % 2 == 1, "patch_size must be odd and lie between 1 and " +
                                                                        std::to_string(largest_patch) + "; got " +
                                                                        std::to_string(patch));
    const index_t height = layers[0].height, width = layers[0].width;
    std::vector<std::vector<Tap>> rows, columns;
    std::vector<Piece> pieces;
    std::vector<index_t> column_of_layer;
    index_t total = 0;
    // About 256 KiB of one block's results: sources, sums and results of a piece stay in the second-level cache.
    const index_t band =
        std::clamp<index_t>((256 << 10) / (width * channel_block * static_cast<index_t>(sizeof(T))), 8, height + 8);
    for (std::size_t l = 0; l < layers.size(); ++l) {
        rows.push_back(bilinear_taps(layers[l].height, height));
        columns.push_back(bilinear_taps(layers[l].width, width));
        column_of_layer.push_back(total);
        total += layers[l].channels;
        for (index_t c = 0; c < layers[l].channels; c += channel_block)
            for (index_t y = 0; y < height; y += band)
                pieces.push_back(
                    {l, c, std::min(channel_block, layers[l].channels - c), y, std::min(band, height - y)});
    }
    require(out.rows == layers[0].images * height * width && out.cols == total, "out has the wrong shape");
    const index_t count = static_cast<index_t>(pieces.size());
    with_isa([&](auto isa) {
        parallel_blocks(layers[0].images * count, 1, run, [&](index_t item, index_t) {
            const Piece& piece = pieces[item % count];
            const index_t image = item / count;
            T* target = out.row((image * height + piece.first) * width) + column_of_layer[piece.layer] + piece.channel;
            average_piece<T>(layers[piece.layer], image, piece, rows[piece.layer], columns[piece.layer], patch, isa,
                             {target, out.row_stride, piece.channels, false, streams(out, target)});
        });
    });
}

template <class T>
void adaptive_embeddings(const std::vector<FeatureMaps<T>>& layers, index_t patch, index_t stride, index_t pretrain_dim,
                         MatrixView<T> out, const RunOptions& run) {
    require_layers(layers);
    constexpr index_t widest = index_t{1} << 24;
    require(pretrain_dim >= 1 && pretrain_dim <= widest && out.cols >= 1 && out.cols <= widest,
            "pretrain_dim and target_dim must lie between 1 and " + std::to_string(widest));
    const Grid grid = patch_grid(layers[0].height, layers[0].width, patch, stride);
    require(out.rows == layers[0].images * grid.patches(), "out has the wrong shape");
    std::vector<std::vector<Tap>> rows, columns;
    std::vector<TapSums<T>> sums;
    for (std::size_t l = 0; l < layers.size(); ++l) {
        const Grid own = patch_grid(layers[l].height, layers[l].width, patch, stride);
        rows.push_back(bilinear_taps(own.height, grid.height));
        columns.push_back(bilinear_taps(own.width, grid.width));
        sums.push_back(adaptive_tap_sums<T>(layers[l].channels * patch * patch, static_cast<index_t>(l),
                                            static_cast<index_t>(layers.size()), pretrain_dim, out.cols));
    }
    const index_t blocks = (out.cols + channel_block - 1) / channel_block;
    with_isa([&](auto isa) {
        parallel_blocks(layers[0].images * blocks, 1, run, [&](index_t item, index_t) {
            const index_t image = item / blocks, begin = item % blocks * channel_block;
            const index_t count = std::min(channel_block, out.cols - begin);
            bool add = false;
            for (std::size_t l = 0; l < layers.size(); ++l) {
                if (!sums[l].any(begin, begin + count)) continue;
                adaptive_piece<T>(layers[l], image, sums[l], begin, count, patch, stride, rows[l], columns[l], isa,
                                  {out.row(image * grid.patches()) + begin, out.row_stride, count, add, false});
                add = true;
            }
        });
    });
}

template void average_embeddings<float>(const std::vector<FeatureMaps<float>>&, index_t, MatrixView<float>,
                                        const RunOptions&);
template void average_embeddings<double>(const std::vector<FeatureMaps<double>>&, index_t, MatrixView<double>,
                                         const RunOptions&);
template void adaptive_embeddings<float>(const std::vector<FeatureMaps<float>>&, index_t, index_t, index_t,
                                         MatrixView<float>, const RunOptions&);
template void adaptive_embeddings<double>(const std::vector<FeatureMaps<double>>&, index_t, index_t, index_t,
                                          MatrixView<double>, const RunOptions&);

}  // namespace acpp::bank
