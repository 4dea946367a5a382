#pragma once
// Private to patch_embeddings.cpp and patch_embeddings_<isa>.cpp. Defined for T = float and double.
#include "core/array.h"
#include "core/cpu.h"

namespace acpp::bank {

// Channels are handled in blocks of this many, stored together for each position: vectors then run over channels, and
// pooling and resizing need no shuffles, no edge columns and no tails. 256 bytes of float at a time also reach the
// rows of the result as whole cache lines.
constexpr index_t channel_block = 64;

// Where a block of results goes: channel c of position p to data[p * position_stride + c], c < channels.
template <class T>
struct PatchRows {
    T* data;
    index_t position_stride, channels;
    bool add;     // onto what is there
    bool stream;  // past the caches: every full vector is aligned and nothing reads it soon
};

struct Tap {  // of linear interpolation: (1 - fraction) * in[low] + fraction * in[high]
    index_t low, high;
    double fraction;
};

// out[i][c] = planes[c * plane_stride + i] for i < count, c < channels <= channel_block; other lanes are set to 0.
template <Isa level, class T>
void to_channels_last(const T* planes, index_t plane_stride, index_t channels, index_t count, T* out);

// Average over patch x patch positions around each, outside counting as zero. `in` holds rows [in_first, in_first +
// in_rows) of a map of `height` rows, `width` positions of channel_block values each; the result is rows
// [first, first + rows). `sums` is scratch for in_rows * width * channel_block values.
struct Window {
    index_t height, width, patch, in_first, in_rows, first, rows;
};
template <Isa level, class T>
void average_window(const T* in, const Window& window, T* sums, const PatchRows<T>& out);

// Bilinear resampling of channels-last positions: in + y * row_pitch + x * column_pitch is position (y, x). `blended`
// is scratch for in_width * channel_block values.
template <Isa level, class T>
void resample(const T* in, index_t row_pitch, index_t column_pitch, index_t in_width, const Tap* rows,
              index_t row_count, const Tap* columns, index_t column_count, T* blended, const PatchRows<T>& out);

// out[i] = sum over k of weight[k] * taps[k][i] for i < count, k rising.
template <Isa level, class T>
void sum_taps(const T* const* taps, const T* weight, index_t tap_count, index_t count, T* out);

}  // namespace acpp::bank
