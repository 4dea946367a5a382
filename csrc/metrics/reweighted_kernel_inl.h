// Compiled once per ISA: the including .cpp defines ACPP_ISA. No include guard on purpose, no standard-library
// templates.
#include "metrics/reweighted_kernel.h"

namespace acpp::metrics {

// Vectors of the hardware's own width: wider ones pass through memory.
#if defined(__AVX512F__)
constexpr int vector_bytes = 64;
#elif defined(__AVX2__)
constexpr int vector_bytes = 32;
#else
constexpr int vector_bytes = 16;
#endif
typedef double Reals __attribute__((vector_size(vector_bytes)));
typedef std::int32_t Counts __attribute__((vector_size(vector_bytes)));
typedef std::int32_t HalfCounts __attribute__((vector_size(vector_bytes / 2)));

constexpr int lanes = vector_bytes / 8, real_parts = weightings / lanes, count_parts = real_parts / 2;

#define ACPP_EACH(parts) _Pragma("GCC unroll 8") for (int p = 0; p < (parts); ++p)

template <class V>
static inline V load(const void* from) {
    V v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
}

// Adds weight times pixels over the entries [begin, end).
static inline void add_entries(const SlotView& s, const std::int32_t* weight, index_t begin, index_t end,
                               Counts (&sum)[count_parts]) {
    for (index_t e = begin; e < end; ++e) {
        const std::int32_t* w = weight + weightings * s.image[e];
        const auto pixels = static_cast<std::int32_t>(s.count[e]);
        if (pixels == 1) {  // most entries; a product costs ten sums
            ACPP_EACH(count_parts) sum[p] += load<Counts>(w + 2 * lanes * p);
        } else {
            ACPP_EACH(count_parts) sum[p] += pixels * load<Counts>(w + 2 * lanes * p);
        }
    }
}

static inline void to_reals(const Counts (&from)[count_parts], Reals (&to)[real_parts]) {
    std::int32_t plain[weightings];
    __builtin_memcpy(plain, from, sizeof plain);
    ACPP_EACH(real_parts) to[p] = __builtin_convertvector(load<HalfCounts>(plain + lanes * p), Reals);
}

template <>
void evaluate<ACPP_ISA>(const SlotView& s, const Weighting& weighting, double limit, ReweightedMetrics& out) {
    const Reals zero{}, one = zero + 1;
    Counts above[count_parts]{}, tp[count_parts]{};
    Reals twice_rank[real_parts]{}, precisions[real_parts]{}, coverage[real_parts]{};
    Reals best_top[real_parts]{}, best_bottom[real_parts];
    Reals all_tp[real_parts], cut[real_parts];
    ACPP_EACH(real_parts) {
        best_bottom[p] = one;
        all_tp[p] = load<Reals>(weighting.positives + lanes * p);
        cut[p] = limit * load<Reals>(weighting.negatives + lanes * p);
    }
    for (index_t i = 0; i < s.levels; ++i) {
        Counts equal[count_parts]{}, found[count_parts]{};
        Reals share[real_parts]{};
        add_entries(s, weighting.weight, s.start[2 * i], s.start[2 * i + 1], above);
        add_entries(s, weighting.weight, s.start[2 * i + 1], s.start[2 * i + 2], equal);
        for (index_t e = s.first[i]; e < s.first[i + 1]; ++e) {
            const std::int32_t* w = weighting.weight + weightings * s.pixel_image[e];
            ACPP_EACH(count_parts) found[p] += load<Counts>(w + 2 * lanes * p);
            ACPP_EACH(real_parts)
            share[p] += s.pixel_share[e] * __builtin_convertvector(load<HalfCounts>(w + lanes * p), Reals);
        }
        ACPP_EACH(count_parts) tp[p] += found[p];
        Reals higher[real_parts], same[real_parts], gain[real_parts], hits[real_parts];
        to_reals(above, higher);
        to_reals(equal, same);
        to_reals(found, gain);
        to_reals(tp, hits);
        ACPP_EACH(count_parts) above[p] += equal[p];
        ACPP_EACH(real_parts) {
            const Reals reached = higher[p] + same[p], called = hits[p] + reached;
            twice_rank[p] += gain[p] * (higher[p] + reached);
            precisions[p] += gain[p] * (hits[p] / (called > zero ? called : one));
            const Reals bottom = all_tp[p] + called;  // F1 is 2 hits / bottom: compared by cross-multiplication
            const auto better = hits[p] * best_bottom[p] > best_top[p] * bottom;
            best_top[p] = better ? hits[p] : best_top[p];
            best_bottom[p] = better ? bottom : best_bottom[p];
            // The area of a step between two rates, up to the limit, in units of the background.
            Reals area = reached <= cut[p] ? cut[p] - (higher[p] + reached) / 2 : zero;
            const Reals height = cut[p] - higher[p];
            const auto crossing = (reached > cut[p]) & (height > zero);
            bool crosses = false;
            for (int w = 0; w < lanes; ++w) crosses |= crossing[w] != 0;
            if (crosses) area = crossing ? height * height / (2 * (crossing ? same[p] : one)) : area;
            coverage[p] += share[p] * area;
        }
    }
    ACPP_EACH(real_parts) {
        const Reals pairs = 2 * load<Reals>(weighting.negatives + lanes * p) * all_tp[p];
        const Reals auroc = (pairs - twice_rank[p]) / pairs, precision = precisions[p] / all_tp[p],
                    f1 = 2 * best_top[p] / best_bottom[p],
                    aupro = coverage[p] / (load<Reals>(weighting.regions + lanes * p) * cut[p]);
        __builtin_memcpy(out.auroc + lanes * p, &auroc, sizeof auroc);
        __builtin_memcpy(out.average_precision + lanes * p, &precision, sizeof precision);
        __builtin_memcpy(out.f1_max + lanes * p, &f1, sizeof f1);
        __builtin_memcpy(out.aupro + lanes * p, &aupro, sizeof aupro);
    }
}

#undef ACPP_EACH

}  // namespace acpp::metrics
