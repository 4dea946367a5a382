// Compiled once per ISA: the including .cpp defines ACPP_ISA and ACPP_STEP_FLOAT, _WORD or _BYTE.
// No include guard on purpose, no standard-library templates.
#include "pairwise/dot.h"
#include "pairwise/tile_kernel.h"

namespace acpp::pairwise {

constexpr int group = 4;  // bytes that one step takes of each row

// Turns exact integer sums into products of codes: the rows' bias removed, both scales applied.
template <Isa level, int width>
static inline void scale_sums(const TileArguments& t, int height) {
    for (int r = 0; r < height; ++r) {
        float* out = t.product + r * width;
#if defined(__AVX512F__)
        const __m512 row_scale = _mm512_set1_ps(t.row_scale[r]);
        for (int c = 0; c < width; c += 16) {
            const __m512i sum = _mm512_sub_epi32(_mm512_loadu_si512(out + c), _mm512_loadu_si512(t.column_bias + c));
            const __m512 scale = _mm512_mul_ps(row_scale, _mm512_loadu_ps(t.column_scale + c));
            _mm512_storeu_ps(out + c, _mm512_mul_ps(_mm512_cvtepi32_ps(sum), scale));
        }
#elif defined(__AVX2__)
        const auto integers = [](const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); };
        const __m256 row_scale = _mm256_set1_ps(t.row_scale[r]);
        for (int c = 0; c < width; c += 8) {
            const __m256i sum = _mm256_sub_epi32(integers(out + c), integers(t.column_bias + c));
            const __m256 scale = _mm256_mul_ps(row_scale, _mm256_loadu_ps(t.column_scale + c));
            _mm256_storeu_ps(out + c, _mm256_mul_ps(_mm256_cvtepi32_ps(sum), scale));
        }
#else
        for (int c = 0; c < width; ++c) {
            std::int32_t sum;
            __builtin_memcpy(&sum, out + c, sizeof sum);
            out[c] = static_cast<float>(sum - t.column_bias[c]) * (t.row_scale[r] * t.column_scale[c]);
        }
#endif
    }
}

// The micro-kernel: `height` x (`vectors` * lanes) sums stay in registers over one chunk.
template <class Step, int height, int vectors>
static inline void multiply(const TileArguments& t) {
    using Vector = typename Step::Vector;
    constexpr int width = vectors * Step::lanes;
    float* out = t.product;
    Vector sum[height][vectors];
    // Every loop over the sums is unrolled: only then does the compiler keep all of them in registers.
#pragma GCC unroll 16
    for (int r = 0; r < height; ++r)
#pragma GCC unroll 8
        for (int v = 0; v < vectors; ++v)
            sum[r][v] = Step::exact && !t.first ? Step::load(out + r * width + v * Step::lanes) : Step::zero();
    const char* a = static_cast<const char*>(t.rows);
    const char* b = static_cast<const char*>(t.columns);
    constexpr bool paired = requires(Vector x) { Step::step_pair(x, x, x, x, x); };
    constexpr int groups = paired ? 2 : 1;
    for (index_t g = 0; g < t.bytes; g += groups * group) {
        Vector column[groups][vectors];
#pragma GCC unroll 2
        for (int p = 0; p < groups; ++p)
#pragma GCC unroll 8
            for (int v = 0; v < vectors; ++v) column[p][v] = Step::load(b + (p * width + v * Step::lanes) * group);
#pragma GCC unroll 16
        for (int r = 0; r < height; ++r) {
            const Vector row = Step::broadcast(a + r * group);
            if constexpr (paired) {
                const Vector next = Step::broadcast(a + (height + r) * group);
#pragma GCC unroll 8
                for (int v = 0; v < vectors; ++v)
                    sum[r][v] = Step::step_pair(sum[r][v], row, column[0][v], next, column[1][v]);
            } else {
#pragma GCC unroll 8
                for (int v = 0; v < vectors; ++v) sum[r][v] = Step::step(sum[r][v], row, column[0][v]);
            }
        }
        a += groups * height * group;
        b += groups * width * group;
    }
    if (!Step::exact && !t.first) {  // rounded: a short chain of additions, then one more
#pragma GCC unroll 16
        for (int r = 0; r < height; ++r)
#pragma GCC unroll 8
            for (int v = 0; v < vectors; ++v)
                sum[r][v] = Step::add(Step::load(out + r * width + v * Step::lanes), sum[r][v]);
    }
#pragma GCC unroll 16
    for (int r = 0; r < height; ++r)
#pragma GCC unroll 8
        for (int v = 0; v < vectors; ++v) Step::store(out + r * width + v * Step::lanes, sum[r][v]);
}

template <Isa level>
static bool hits(const float* product, int height, int width, const float* column_a, const float* column_b,
                 const float* limit_a, const float* limit_b, std::uint32_t* masks) {
    std::uint32_t any = 0;
    for (int r = 0; r < height; ++r) {
        const float* p = product + r * width;
        std::uint32_t mask = 0;
#if defined(__AVX512F__)
        const __m512 a = _mm512_set1_ps(limit_a[r]), b = _mm512_set1_ps(limit_b[r]), minus_two = _mm512_set1_ps(-2.0f);
        for (int c = 0; c < width; c += 16) {
            const __m512 x = _mm512_loadu_ps(p + c);
            const __m512 u = _mm512_fmadd_ps(minus_two, x, _mm512_loadu_ps(column_a + c));
            const __m512 v = _mm512_fmadd_ps(minus_two, x, _mm512_loadu_ps(column_b + c));
            const __mmask16 near = _mm512_cmp_ps_mask(u, a, _CMP_LE_OQ);
            mask |= static_cast<std::uint32_t>(_mm512_mask_cmp_ps_mask(near, v, b, _CMP_LE_OQ)) << c;
        }
#elif defined(__AVX2__)
        const __m256 a = _mm256_set1_ps(limit_a[r]), b = _mm256_set1_ps(limit_b[r]), minus_two = _mm256_set1_ps(-2.0f);
        for (int c = 0; c < width; c += 8) {
            const __m256 x = _mm256_loadu_ps(p + c);
            const __m256 u = _mm256_fmadd_ps(minus_two, x, _mm256_loadu_ps(column_a + c));
            const __m256 v = _mm256_fmadd_ps(minus_two, x, _mm256_loadu_ps(column_b + c));
            const __m256 near = _mm256_and_ps(_mm256_cmp_ps(u, a, _CMP_LE_OQ), _mm256_cmp_ps(v, b, _CMP_LE_OQ));
            mask |= static_cast<std::uint32_t>(_mm256_movemask_ps(near)) << c;
        }
#else
        for (int c = 0; c < width; ++c) {
            const bool near = column_a[c] - 2 * p[c] <= limit_a[r] && column_b[c] - 2 * p[c] <= limit_b[r];
            mask |= static_cast<std::uint32_t>(near) << c;
        }
#endif
        masks[r] = mask;
        any |= mask;
    }
    return any != 0;
}

static inline void nothing() {}

#if defined(ACPP_STEP_FLOAT)
template <Isa level, int height, int vectors>
static void float_tile(const TileArguments& t) {
    multiply<FloatStep<level>, height, vectors>(t);
}

#if defined(__AVX512F__)
constexpr int float_height = 12, float_vectors = 2;
#elif defined(__AVX2__)
constexpr int float_height = 6, float_vectors = 2;
#else
constexpr int float_height = 4, float_vectors = 2;
#endif

template <Isa level, int height>
static inline void fill_float(TileKernels& k) {
    k.tile[height] = &float_tile<level, height, float_vectors>;
    if constexpr (height > 1) fill_float<level, height - 1>(k);
}

template <>
const TileKernels& float_kernels<ACPP_ISA>() {
    constexpr int width = float_vectors * FloatStep<ACPP_ISA>::lanes;
    static const TileKernels kernels = [] {
        TileKernels k{};
        k.code = Code::fp32;
        k.height = float_height;
        k.width = width;
        k.row_layout = {float_height, group, 0, true};
        k.column_layout = {width, group, 0, false};
        fill_float<ACPP_ISA, float_height>(k);
        k.hits = &hits<ACPP_ISA>;
        k.enter = k.leave = &nothing;
        k.longest_sum = static_cast<int>(chunk_bytes) / 4;
        return k;
    }();
    return kernels;
}
#endif

#if defined(ACPP_STEP_WORD) || defined(ACPP_STEP_BYTE)
template <class Step, Isa level, int height, int vectors>
static void integer_tile(const TileArguments& t) {
    multiply<Step, height, vectors>(t);
    if (t.last) scale_sums<level, vectors * Step::lanes>(t, height);
}

template <class Step, Isa level, int height, int vectors>
static inline void fill_integer(TileKernels& k) {
    k.tile[height] = &integer_tile<Step, level, height, vectors>;
    if constexpr (height > 1) fill_integer<Step, level, height - 1, vectors>(k);
}

// `bias`: rows are stored as unsigned, code + bias.
template <class Step, Isa level, int height, int vectors>
static TileKernels integer_kernels(Code code, int bias) {
    constexpr int width = vectors * Step::lanes;
    TileKernels k{};
    k.code = code;
    k.height = height;
    k.width = width;
    k.row_layout = {height, group, bias, true};
    k.largest_code = code == Code::int8 ? bias - 1 : 0;
    k.column_layout = {width, group, 0, false};
    fill_integer<Step, level, height, vectors>(k);
    k.hits = &hits<level>;
    k.enter = k.leave = &nothing;
    return k;
}
#endif

#if defined(ACPP_STEP_WORD)
#if defined(__AVX512BW__)
constexpr int word_height = 12;
#else
constexpr int word_height = 6;
#endif

template <>
const TileKernels& word_kernels<ACPP_ISA>() {
    static const TileKernels kernels = integer_kernels<WordStep<ACPP_ISA>, ACPP_ISA, word_height, 2>(Code::int16, 0);
    return kernels;
}
#endif

#if defined(ACPP_STEP_BYTE)
#if defined(__AVX512VNNI__) || defined(ACPP_EMULATED)
constexpr int byte_height = 12;
#elif defined(__AVX512BW__)
constexpr int byte_height = 10;  // the 16-bit sums need registers of their own
#else
constexpr int byte_height = 4;
#endif

template <>
const TileKernels& byte_kernels<ACPP_ISA>() {
    using Step = ByteStep<ACPP_ISA>;
    static const TileKernels kernels = integer_kernels<Step, ACPP_ISA, byte_height, 2>(Code::int8, Step::bias);
    return kernels;
}
#endif

}  // namespace acpp::pairwise
