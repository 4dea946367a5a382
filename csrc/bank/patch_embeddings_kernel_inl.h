// Compiled once per ISA: the including .cpp defines ACPP_ISA. No include guard on purpose.
// No sum runs across lanes, so every level adds the same numbers in the same order.
#include "bank/patch_embeddings_kernel.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define ACPP_VECTOR_BYTES 64
#elif defined(__AVX2__)
#define ACPP_VECTOR_BYTES 32
#else
#define ACPP_VECTOR_BYTES 16
#endif

namespace acpp::bank {

template <Isa level, class T>
struct Vector {
    typedef T type __attribute__((vector_size(ACPP_VECTOR_BYTES), aligned(alignof(T)), may_alias));
    static constexpr index_t lanes = ACPP_VECTOR_BYTES / sizeof(T);
};

// Four planes of four positions -> four positions of four channels.
template <Isa level, class T>
static inline void transpose_4x4(const T* in, index_t in_stride, T* out, index_t out_stride) {
    typedef T V __attribute__((vector_size(4 * sizeof(T)), aligned(alignof(T)), may_alias));
    const V a = *reinterpret_cast<const V*>(in), b = *reinterpret_cast<const V*>(in + in_stride),
            c = *reinterpret_cast<const V*>(in + 2 * in_stride), d = *reinterpret_cast<const V*>(in + 3 * in_stride);
    const V ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const V cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *reinterpret_cast<V*>(out) = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
    *reinterpret_cast<V*>(out + out_stride) = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
    *reinterpret_cast<V*>(out + 2 * out_stride) = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
    *reinterpret_cast<V*>(out + 3 * out_stride) = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}

template <Isa level, class T>
static inline void to_channels_last_body(const T* planes, index_t plane_stride, index_t channels, index_t count,
                                         T* out) {
    const index_t quads = channels / 4 * 4, packed = count / 4 * 4;
    // One cache line of every plane at a time. There are more planes than the hardware follows: ask for the lines to
    // come.
    for (index_t begin = 0; begin < packed; begin += 16)
        for (index_t c = 0; c < quads; c += 4) {
            const index_t end = begin + 16 < packed ? begin + 16 : packed;
            for (int k = 0; k < 4; ++k) __builtin_prefetch(planes + (c + k) * plane_stride + begin + 64);
            for (index_t i = begin; i < end; i += 4)
                transpose_4x4<level>(planes + c * plane_stride + i, plane_stride, out + i * channel_block + c,
                                     channel_block);
        }
    for (index_t i = packed; i < count; ++i)
        for (index_t c = 0; c < quads; ++c) out[i * channel_block + c] = planes[c * plane_stride + i];
    if (quads == channel_block) return;
    for (index_t i = 0; i < count; ++i) {
        for (index_t c = quads; c < channels; ++c) out[i * channel_block + c] = planes[c * plane_stride + i];
        for (index_t c = channels; c < channel_block; ++c) out[i * channel_block + c] = 0;
    }
}

// Past the caches. `to` is aligned to the vector.
#if defined(__AVX512F__)
static inline void stream_store(void* to, __m512 v) { _mm512_stream_ps(static_cast<float*>(to), v); }
static inline void stream_store(void* to, __m512d v) { _mm512_stream_pd(static_cast<double*>(to), v); }
#elif defined(__AVX2__)
static inline void stream_store(void* to, __m256 v) { _mm256_stream_ps(static_cast<float*>(to), v); }
static inline void stream_store(void* to, __m256d v) { _mm256_stream_pd(static_cast<double*>(to), v); }
#elif defined(__SSE2__)
static inline void stream_store(void* to, __m128 v) { _mm_stream_ps(static_cast<float*>(to), v); }
static inline void stream_store(void* to, __m128d v) { _mm_stream_pd(static_cast<double*>(to), v); }
#else
template <class V>
static inline void stream_store(V* to, const V& v) {
    *to = v;
}
#endif

// Streamed stores are visible to other threads only after a fence.
static inline void finish_stores(bool streamed) {
#if defined(__SSE2__)
    if (streamed) _mm_sfence();
#else
    (void)streamed;
#endif
}

// Writes channels [begin, begin + 4 vectors) of one position.
template <Isa level, class T>
static inline void put(const typename Vector<level, T>::type* value, T* out, index_t begin, const PatchRows<T>& to) {
    using V = typename Vector<level, T>::type;
    constexpr index_t lanes = Vector<level, T>::lanes;
    for (int p = 0; p < 4; ++p) {
        const index_t c = begin + p * lanes;
        if (c + lanes <= to.channels) {
            V* target = reinterpret_cast<V*>(out + c);
            if (to.stream)
                stream_store(target, value[p]);
            else
                *target = to.add ? *target + value[p] : value[p];
        } else {
            for (index_t k = c; k < to.channels; ++k) out[k] = to.add ? out[k] + value[p][k - c] : value[p][k - c];
        }
    }
}

template <Isa level, class T>
static inline void average_window_body(const T* in, const Window& w, T* sums, const PatchRows<T>& out) {
    using V = typename Vector<level, T>::type;
    constexpr index_t lanes = Vector<level, T>::lanes;
    const index_t reach = w.patch / 2, pitch = w.width * channel_block;
    for (index_t y = 0; y < w.in_rows; ++y)
        for (index_t x = 0; x < w.width; ++x) {
            const index_t low = x > reach ? x - reach : 0, high = x + reach < w.width ? x + reach : w.width - 1;
            const T* source = in + y * pitch;
            for (index_t c = 0; c < channel_block; c += 4 * lanes) {
                V sum[4];
                for (int p = 0; p < 4; ++p)
                    sum[p] = *reinterpret_cast<const V*>(source + low * channel_block + c + p * lanes);
                for (index_t t = low + 1; t <= high; ++t)
                    for (int p = 0; p < 4; ++p)
                        sum[p] += *reinterpret_cast<const V*>(source + t * channel_block + c + p * lanes);
                for (int p = 0; p < 4; ++p)
                    *reinterpret_cast<V*>(sums + y * pitch + x * channel_block + c + p * lanes) = sum[p];
            }
        }
    const T share = T(1) / static_cast<T>(w.patch * w.patch);
    for (index_t y = w.first; y < w.first + w.rows; ++y) {
        const index_t low = y > reach ? y - reach : 0, high = y + reach < w.height ? y + reach : w.height - 1;
        const T* source = sums + (low - w.in_first) * pitch;
        T* target = out.data + (y - w.first) * w.width * out.position_stride;
        for (index_t x = 0; x < w.width; ++x, source += channel_block, target += out.position_stride)
            for (index_t c = 0; c < out.channels; c += 4 * lanes) {
                V sum[4];
                for (int p = 0; p < 4; ++p) sum[p] = *reinterpret_cast<const V*>(source + c + p * lanes);
                for (index_t t = 1; t <= high - low; ++t)
                    for (int p = 0; p < 4; ++p)
                        sum[p] += *reinterpret_cast<const V*>(source + t * pitch + c + p * lanes);
                for (int p = 0; p < 4; ++p) sum[p] *= share;
                put<level, T>(sum, target, c, out);
            }
    }
}

template <Isa level, class T>
static inline void resample_body(const T* in, index_t row_pitch, index_t column_pitch, index_t in_width,
                                 const Tap* rows, index_t row_count, const Tap* columns, index_t column_count,
                                 T* blended, const PatchRows<T>& out) {
    using V = typename Vector<level, T>::type;
    constexpr index_t lanes = Vector<level, T>::lanes;
    T* target = out.data;
    for (index_t y = 0; y < row_count; ++y) {
        const T far_y = static_cast<T>(rows[y].fraction), near_y = static_cast<T>(1.0 - rows[y].fraction);
        const T *top = in + rows[y].low * row_pitch, *bottom = in + rows[y].high * row_pitch;
        for (index_t x = 0; x < in_width; ++x)
            for (index_t c = 0; c < channel_block; c += lanes)
                *reinterpret_cast<V*>(blended + x * channel_block + c) =
                    *reinterpret_cast<const V*>(top + x * column_pitch + c) * near_y +
                    *reinterpret_cast<const V*>(bottom + x * column_pitch + c) * far_y;
        for (index_t x = 0; x < column_count; ++x, target += out.position_stride) {
            const T far_x = static_cast<T>(columns[x].fraction), near_x = static_cast<T>(1.0 - columns[x].fraction);
            const T *left = blended + columns[x].low * channel_block,
                    *right = blended + columns[x].high * channel_block;
            for (index_t c = 0; c < out.channels; c += 4 * lanes) {
                V value[4];
                for (int p = 0; p < 4; ++p)
                    value[p] = *reinterpret_cast<const V*>(left + c + p * lanes) * near_x +
                               *reinterpret_cast<const V*>(right + c + p * lanes) * far_x;
                put<level, T>(value, target, c, out);
            }
        }
    }
}

template <Isa level, class T>
static inline void sum_taps_body(const T* const* taps, const T* weight, index_t tap_count, index_t count, T* out) {
    using V = typename Vector<level, T>::type;
    constexpr index_t lanes = Vector<level, T>::lanes;
    index_t i = 0;
    for (; i + 4 * lanes <= count; i += 4 * lanes) {
        V sum[4] = {};
        for (index_t k = 0; k < tap_count; ++k)
            for (int p = 0; p < 4; ++p) sum[p] += *reinterpret_cast<const V*>(taps[k] + i + p * lanes) * weight[k];
        for (int p = 0; p < 4; ++p) *reinterpret_cast<V*>(out + i + p * lanes) = sum[p];
    }
    for (; i < count; ++i) {
        T sum = 0;
        for (index_t k = 0; k < tap_count; ++k) sum += taps[k][i] * weight[k];
        out[i] = sum;
    }
}

#define ACPP_DEFINE_FOR(T)                                                                                        \
    template <>                                                                                                   \
    void to_channels_last<ACPP_ISA, T>(const T* planes, index_t plane_stride, index_t channels, index_t count,    \
                                       T* out) {                                                                  \
        to_channels_last_body<ACPP_ISA, T>(planes, plane_stride, channels, count, out);                           \
    }                                                                                                             \
    template <>                                                                                                   \
    void average_window<ACPP_ISA, T>(const T* in, const Window& window, T* sums, const PatchRows<T>& out) {       \
        average_window_body<ACPP_ISA, T>(in, window, sums, out);                                                  \
        finish_stores(out.stream);                                                                                \
    }                                                                                                             \
    template <>                                                                                                   \
    void resample<ACPP_ISA, T>(const T* in, index_t row_pitch, index_t column_pitch, index_t in_width,            \
                               const Tap* rows, index_t row_count, const Tap* columns, index_t column_count,      \
                               T* blended, const PatchRows<T>& out) {                                             \
        resample_body<ACPP_ISA, T>(in, row_pitch, column_pitch, in_width, rows, row_count, columns, column_count, \
                                   blended, out);                                                                 \
        finish_stores(out.stream);                                                                                \
    }                                                                                                             \
    template <>                                                                                                   \
    void sum_taps<ACPP_ISA, T>(const T* const* taps, const T* weight, index_t tap_count, index_t count, T* out) { \
        sum_taps_body<ACPP_ISA, T>(taps, weight, tap_count, count, out);                                          \
    }

ACPP_DEFINE_FOR(float)
ACPP_DEFINE_FOR(double)
#undef ACPP_DEFINE_FOR

}  // namespace acpp::bank
