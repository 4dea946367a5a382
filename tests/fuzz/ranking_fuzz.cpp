// Counting by comparison beside what the ranking engine counts: all element types, strides, NaN, infinities, ties, and
// regions, on one thread and two, at every instruction set of this machine.
#include <map>

#include "levels.h"
#include "ranking/grid_counts.h"
#include "ranking/image_slots.h"
#include "ranking/levels.h"
#include "ranking/normal_ranks.h"
#include "scored_input.h"

using namespace acpp;
using namespace acpp::fuzz;
using namespace acpp::ranking;

namespace {

using Pixels = std::vector<const Pixel*>;

template <class Keep>
Pixels those(const ScoredInput& input, Keep&& keep) {
    Pixels kept;
    for (const Pixel& pixel : input.pixels)
        if (keep(pixel)) kept.push_back(&pixel);
    return kept;
}

template <class Keep>
index_t count(const Pixels& pixels, Keep&& keep) {
    return std::count_if(pixels.begin(), pixels.end(), [&](const Pixel* pixel) { return keep(*pixel); });
}

std::vector<Exact> distinct_scores(const Pixels& pixels) {  // highest first
    std::vector<Exact> scores;
    for (const Pixel* pixel : pixels) scores.push_back(pixel->score);
    std::sort(scores.begin(), scores.end(), std::greater<>());
    scores.erase(std::unique(scores.begin(), scores.end()), scores.end());
    return scores;
}

// Areas of the regions in order, pixels without a score left out; regions without any other disappear from `number`.
struct Regions {
    std::vector<index_t> area, image, number;

    explicit Regions(const ScoredInput& input) : number(static_cast<std::size_t>(input.regions) + 1, -1) {
        std::vector<index_t> size(number.size(), 0), where(number.size(), 0);
        for (const Pixel& pixel : input.pixels) size[pixel.region] += !pixel.missing, where[pixel.region] = pixel.image;
        for (std::size_t r = 1; r < size.size(); ++r) {
            if (size[r] == 0) continue;
            number[r] = static_cast<index_t>(area.size());
            area.push_back(size[r]), image.push_back(where[r]);
        }
    }
};

template <class Counts>
void check_missing(const ScoredInput& input, const Counts& counts) {
    const Pixels missing = those(input, [](const Pixel& p) { return p.missing; });
    check(counts.missing == static_cast<index_t>(missing.size()), "missing");
    if (missing.empty()) return;
    const PixelAt at = counts.first_missing;
    check(at.image == missing[0]->image && at.row == missing[0]->y && at.column == missing[0]->x, "first missing");
}

void check_pairs(const ScoredInput& input, const Pixels& anomalous, const Pixels& normal, bool regions, int threads) {
    const RankPairs pairs = rank_pairs(input.images, {regions, input.connectivity}, with_threads(threads));
    check_missing(input, pairs);
    check(pairs.positives == static_cast<index_t>(anomalous.size()), "positives");
    check(pairs.negatives == static_cast<index_t>(normal.size()), "negatives");
    const std::vector<Exact> scores = distinct_scores(anomalous);
    check(pairs.score.size() == scores.size(), "distinct scores");
    for (std::size_t i = 0; i < scores.size(); ++i) {
        const auto above = [&](const Pixel& p) { return p.score > scores[i]; };
        const auto equal = [&](const Pixel& p) { return p.score == scores[i]; };
        check(pairs.score[i] == static_cast<double>(scores[i]), "score");
        check(pairs.tp[i] == count(anomalous, equal), "tp");
        check(pairs.above[i] == count(normal, above) && pairs.equal[i] == count(normal, equal), "above and equal");
    }
    if (!regions) return;
    const Regions expected(input);
    check(pairs.regions.size() == expected.area.size(), "number of regions");
    for (std::size_t r = 0; r < expected.area.size(); ++r)
        check(pairs.regions[r].area == expected.area[r] && pairs.regions[r].image == expected.image[r], "region");
    check(pairs.rank.size() == anomalous.size() && pairs.region.size() == anomalous.size(), "a rank for each pixel");
    for (std::size_t p = 0; p < anomalous.size(); ++p) {
        check(scores[pairs.rank[p]] == anomalous[p]->score, "rank");
        check(pairs.region[p] == expected.number[anomalous[p]->region], "region of a pixel");
        const index_t image = anomalous[p]->image, at = static_cast<index_t>(p);
        check(pairs.image_begin[image] <= at && at < pairs.image_begin[image + 1], "image of a pixel");
    }
}

UnsignedWide coverage(const Regions& regions, const Pixels& reached) {
    UnsignedWide sum = 0;
    for (const Pixel* p : reached)
        sum += (std::uint64_t{1} << 62) / static_cast<std::uint64_t>(regions.area[regions.number[p->region]]);
    return sum;
}

template <class Reaches>
Pixels reaching(const Pixels& pixels, Reaches&& reaches) {
    Pixels kept;
    for (const Pixel* p : pixels)
        if (reaches(*p)) kept.push_back(p);
    return kept;
}

void check_levels(const ScoredInput& input, const Pixels& anomalous, const Pixels& normal, int threads) {
    const Levels levels = all_levels(input.images, {true, input.connectivity}, with_threads(threads));
    check_missing(input, levels);
    const Regions regions(input);
    const std::vector<Exact> scores = distinct_scores(those(input, [](const Pixel& p) { return !p.missing; }));
    check(levels.score.size() == scores.size(), "levels");
    for (std::size_t i = 0; i < scores.size(); i += 1 + scores.size() / 40) {
        const auto reaches = [&](const Pixel& p) { return p.score >= scores[i]; };
        check(levels.score[i] == static_cast<double>(scores[i]), "score of a level");
        check(levels.fp[i] == count(normal, reaches) && levels.tp[i] == count(anomalous, reaches), "counts of a level");
        check(levels.coverage[i] == coverage(regions, reaching(anomalous, reaches)), "coverage of a level");
    }
}

void check_grid(const ScoredInput& input, const Pixels& anomalous, const Pixels& normal,
                const std::vector<double>& thresholds, bool strict, int threads) {
    const GridCounts counts =
        grid_counts(input.images, thresholds, strict, {true, input.connectivity}, with_threads(threads));
    check_missing(input, counts);
    const Regions regions(input);
    check(counts.positives == static_cast<index_t>(anomalous.size()), "positives of a grid");
    check(counts.negatives == static_cast<index_t>(normal.size()), "negatives of a grid");
    check(counts.full_coverage == coverage(regions, anomalous), "full coverage");
    for (std::size_t t = 0; t < thresholds.size(); ++t) {
        const auto reaches = [&](const Pixel& p) {
            const double score = static_cast<double>(p.score);
            return strict ? score > thresholds[t] : score >= thresholds[t];
        };
        check(counts.tp[t] == count(anomalous, reaches) && counts.fp[t] == count(normal, reaches), "grid counts");
        check(counts.coverage[t] == coverage(regions, reaching(anomalous, reaches)), "grid coverage");
    }
}

// An image is normal if no pixel is anomalous; with a score or without.
void check_normal_ranks(const ScoredInput& input, const Pixels& anomalous, int threads) {
    const NormalRanks ranks = normal_ranks(input.images, {}, with_threads(threads));
    check_missing(input, ranks);
    std::vector<bool> has_score(input.images.images.size(), false);
    for (const Pixel* p : anomalous) has_score[p->image] = true;
    std::map<index_t, Pixels> by_size;  // the scored pixels of normal images
    index_t normal_images = 0;
    for (index_t i = 0; i < ranks.images(); ++i) {
        if (has_score[i]) continue;
        ++normal_images;
        Pixels& pixels = by_size[input.image(i).pixels()];
        for (index_t p = input.first[i]; p < input.first[i + 1]; ++p)
            if (!input.pixels[p].missing && !input.pixels[p].anomalous) pixels.push_back(&input.pixels[p]);
    }
    check(ranks.normal_images == normal_images, "normal images");
    check(ranks.normal_images + ranks.anomalous_images == ranks.images(), "images");
    const std::vector<Exact> levels = distinct_scores(anomalous);
    check(ranks.level.size() == levels.size() && ranks.rank.size() == anomalous.size(), "levels of the pixels");
    for (std::size_t l = 0; l < levels.size(); ++l) {
        double above = 0, at_least = 0;
        for (const auto& [size, pixels] : by_size) {
            const double all = static_cast<double>(normal_images) * static_cast<double>(size);
            above += static_cast<double>(count(pixels, [&](const Pixel& p) { return p.score > levels[l]; })) / all;
            at_least += static_cast<double>(count(pixels, [&](const Pixel& p) { return p.score >= levels[l]; })) / all;
        }
        check(ranks.above[l] == above && ranks.at_least[l] == at_least, "rates of a level");
    }
    for (std::size_t p = 0; p < anomalous.size(); ++p)
        check(levels[ranks.rank[p]] == anomalous[p]->score, "level of a pixel");
}

void check_slots(const ScoredInput& input, const Pixels& anomalous, const Pixels& normal, int threads) {
    const ImageSlots slots = image_slots(input.images, input.connectivity, with_threads(threads));
    check_missing(input, slots);
    const std::vector<Exact> levels = distinct_scores(anomalous);
    check(slots.levels == static_cast<index_t>(levels.size()), "levels of the slots");
    std::map<std::pair<index_t, index_t>, index_t> expected;  // (slot, image)
    for (const Pixel* p : normal) {
        index_t above = 0;
        while (above < slots.levels && levels[above] > p->score) ++above;
        const bool equal = above < slots.levels && levels[above] == p->score;
        ++expected[{2 * above + equal, p->image}];
    }
    for (index_t s = 0; s < 2 * slots.levels + 1; ++s)
        for (index_t e = slots.start[s]; e < slots.start[s + 1]; ++e)
            check((expected[{s, slots.image[e]}] -= slots.count[e]) == 0, "count of a slot");
    for (const auto& [at, left] : expected) check(left == 0, "pixels without a slot");
    for (index_t l = 0; l < slots.levels; ++l)
        check(slots.first[l + 1] - slots.first[l] ==
                  count(anomalous, [&](const Pixel& p) { return p.score == levels[l]; }),
              "pixels of a level");
}

template <class Call>
void refuses(Call&& call) {
    bool refused = false;
    try {
        call();
    } catch (const InvalidArgument&) { refused = true; }
    check(refused, "labels are refused");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes(data, size);
    const std::uint8_t kind = bytes.byte();
    const bool strict = bytes.flag();
    std::vector<double> thresholds;
    for (index_t t = bytes.between(0, 6); t > 0; --t) {
        const double x = bytes.real<double>();
        if (!std::isnan(x)) thresholds.push_back(x);
    }
    const ScoredInput input = scored_input(bytes);
    const RankOptions options{true, input.connectivity};
    if (!input.labels_valid) {
        refuses([&] { rank_pairs(input.images, options, with_threads(2)); });
        refuses([&] { all_levels(input.images, {}, with_threads(1)); });
        return 0;
    }
    const Pixels anomalous = those(input, [](const Pixel& p) { return p.anomalous && !p.missing; });
    const Pixels normal = those(input, [](const Pixel& p) { return !p.anomalous && !p.missing; });
    for (const Pixel* p : normal)
        if (thresholds.size() < 12) thresholds.push_back(static_cast<double>(p->score));
    at_every_level([&] {
        for (int threads : {1, 2}) {
            if (kind % 4 == 0) check_pairs(input, anomalous, normal, kind & 4, threads);
            if (kind % 4 == 1) check_levels(input, anomalous, normal, threads);
            if (kind % 4 == 2) check_grid(input, anomalous, normal, thresholds, strict, threads);
            if (kind % 4 == 3 && kind & 4) check_normal_ranks(input, anomalous, threads);
            if (kind % 4 == 3 && !(kind & 4)) check_slots(input, anomalous, normal, threads);
        }
    });
    return 0;
}
