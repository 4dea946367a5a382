// What the metrics make of the counts, beside sums over pairs of pixels, over thresholds, and over regions that a flood
// fill finds; resampled data sets beside data sets that hold their images so many times.
#include <set>

#include "levels.h"
#include "metrics/aupimo.h"
#include "metrics/aupro.h"
#include "metrics/auroc.h"
#include "metrics/components.h"
#include "metrics/curves.h"
#include "metrics/level_components.h"
#include "metrics/operating_points.h"
#include "metrics/precision_recall.h"
#include "metrics/reweighted.h"
#include "metrics/spro.h"
#include "scored_input.h"

using namespace acpp;
using namespace acpp::fuzz;
using namespace acpp::ranking;
using namespace acpp::metrics;

namespace {

struct Rates {  // of everything with at least some score, highest score first; (0, 0) in front
    std::vector<double> tp{0}, fp{0}, score{std::numeric_limits<double>::infinity()};
    double positives = 0, negatives = 0;
};

// `region`: of anomalous pixels only those in it count; 0: all do.
Rates rates_of(const ScoredInput& input, int region = 0) {
    std::vector<const Pixel*> pixels;
    for (const Pixel& p : input.pixels)
        if (!p.anomalous || region == 0 || p.region == region) pixels.push_back(&p);
    std::sort(pixels.begin(), pixels.end(), [](const Pixel* a, const Pixel* b) { return a->score > b->score; });
    Rates rates;
    for (std::size_t i = 0; i < pixels.size(); ++i) {
        (pixels[i]->anomalous ? rates.positives : rates.negatives) += 1;
        if (i + 1 < pixels.size() && pixels[i + 1]->score == pixels[i]->score) continue;
        rates.tp.push_back(rates.positives), rates.fp.push_back(rates.negatives);
        rates.score.push_back(static_cast<double>(pixels[i]->score));
    }
    return rates;
}

// Area under the straight lines between the points up to a false positive rate, over that rate.
double area_of(const Rates& r, double limit) {
    double area = 0;
    const double end = limit * r.negatives;
    for (std::size_t i = 1; i < r.fp.size() && r.fp[i - 1] < end; ++i) {
        const double width = r.fp[i] - r.fp[i - 1], used = std::min(width, end - r.fp[i - 1]);
        if (width > 0) area += used * (r.tp[i - 1] + (r.tp[i] - r.tp[i - 1]) * used / width / 2);
    }
    return area / (end * r.positives);
}

double best_f1(const Rates& r) {
    double best = 0;
    for (std::size_t i = 1; i < r.tp.size(); ++i)
        best = std::max(best, 2 * r.tp[i] / (r.positives + r.tp[i] + r.fp[i]));
    return best;
}

double average_precision(const Rates& r) {
    double sum = 0;
    for (std::size_t i = 1; i < r.tp.size(); ++i)
        if (r.tp[i] > r.tp[i - 1]) sum += (r.tp[i] - r.tp[i - 1]) * r.tp[i] / (r.tp[i] + r.fp[i]);
    return sum / r.positives;
}

double mean_region_area(const ScoredInput& input, double limit) {
    double sum = 0;
    for (int region = 1; region <= input.regions; ++region) sum += area_of(rates_of(input, region), limit);
    return sum / input.regions;
}

void check_areas(const ScoredInput& input, double limit, double rate) {
    const RankPairs pairs = rank_pairs(input.images, {true, input.connectivity}, with_threads(1));
    const Rates r = rates_of(input);
    check(near(auroc(pairs), area_of(r, 1)), "AUROC");
    check(near(auroc(pairs, limit), area_of(r, limit)), "AUROC up to a rate");
    check(near(aupro(pairs, limit), mean_region_area(input, limit)), "AUPRO");
    check(near(pr_area(pairs, PrArea::step), average_precision(r)), "average precision");
    check(near(f1_max(pairs).value, best_f1(r)), "best F1");
    const std::vector<double> regions = region_scores(pairs, limit);
    std::vector<Defect> defects(pairs.regions.size());
    for (std::size_t p = 0; p < pairs.rank.size(); ++p) defects[pairs.region[p]].rank.push_back(pairs.rank[p]);
    for (std::size_t d = 0; d < defects.size(); ++d) defects[d].saturation = pairs.regions[d].area;
    check(same(defect_scores(pairs, defects, limit), regions), "a saturation of the whole region");
    // A point of the curve from the first one on that reaches the rate.
    std::size_t at = 1;
    while (r.tp[at] < std::ceil(rate * r.positives - 1e-9)) ++at;
    check(near(fpr_at_tpr(pairs, rate, RateMethod::step).rate, r.fp[at] / r.negatives), "FPR at a TPR");
    for (RateMethod method : {RateMethod::step, RateMethod::interp, RateMethod::closest}) {
        const double fpr = fpr_at_tpr(pairs, rate, method).rate, tpr = tpr_at_fpr(pairs, rate, method).rate;
        check(fpr >= 0 && fpr <= 1 && tpr >= 0 && tpr <= 1 + 1e-12, "rates");
    }
    const Curve curve = roc_curve(all_levels(input.images, {}, with_threads(2)), false);
    check(curve.x.size() == r.fp.size(), "points of the ROC curve");
    for (std::size_t i = 0; i < r.fp.size(); ++i)
        check(curve.x[i] == r.fp[i] / r.negatives && curve.y[i] == r.tp[i] / r.positives, "point of the ROC curve");
}

void check_reweighted(const ScoredInput& input, Bytes& bytes, double limit) {
    const index_t images = static_cast<index_t>(input.images.images.size()), rows = bytes.between(1, 20);
    std::vector<double> weights(static_cast<std::size_t>(rows * images));
    for (double& w : weights) w = static_cast<double>(bytes.between(0, 3));
    const MatrixView<const double> view{weights.data(), rows, images, images};
    const ImageSlots slots = image_slots(input.images, input.connectivity, with_threads(1));
    const Reweighted found = reweighted(slots, view, limit, with_threads(1));
    at_every_level([&] {
        const Reweighted again = reweighted(slots, view, limit, with_threads(2));
        check(same(again.auroc, found.auroc) && same(again.average_precision, found.average_precision) &&
                  same(again.f1_max, found.f1_max) && same(again.aupro, found.aupro),
              "the same bits at every level");
    });
    const index_t row = bytes.between(0, rows - 1);
    ScoredImages repeated = input.images;
    repeated.images.clear();
    for (index_t i = 0; i < images; ++i)
        repeated.images.insert(repeated.images.end(), static_cast<std::size_t>(view.row(row)[i]), input.image(i));
    const RankPairs pairs = rank_pairs(repeated, {true, input.connectivity}, with_threads(1));
    check(near(found.auroc[row], auroc(pairs)), "AUROC of repeated images");
    check(near(found.average_precision[row], pr_area(pairs, PrArea::step)), "average precision of repeated images");
    check(near(found.f1_max[row], f1_max(pairs).value), "best F1 of repeated images");
    check(near(found.aupro[row], aupro(pairs, limit)), "AUPRO of repeated images");
}

void check_components(const ScoredInput& input) {
    const index_t images = static_cast<index_t>(input.images.images.size());
    std::vector<std::vector<std::int32_t>> labels;
    std::vector<std::int32_t*> out;
    for (const ScoredImage& image : input.images.images) labels.emplace_back(image.pixels());
    for (auto& label : labels) out.push_back(label.data());
    std::vector<index_t> counts(static_cast<std::size_t>(images));
    connected_components(input.images, input.connectivity, out, counts.data(), with_threads(2));
    index_t total = 0;
    for (index_t count : counts) total += count;
    check(total == input.regions, "number of components");
    for (std::size_t p = 0; p < input.pixels.size(); ++p) {
        const Pixel& pixel = input.pixels[p];
        const index_t at = static_cast<index_t>(p) - input.first[pixel.image];
        check(labels[pixel.image][at] == pixel.region, "component of a pixel");
    }
}

void check_grey(Bytes& bytes) {
    const index_t height = bytes.between(1, 12), width = bytes.between(1, 12), stride = width + bytes.between(0, 3);
    std::vector<std::uint8_t> grey(static_cast<std::size_t>((height - 1) * stride + width)), eroded(grey.size());
    for (std::uint8_t& g : grey) g = bytes.byte();
    const MatrixView<const std::uint8_t> image{grey.data(), height, width, stride};
    const MatrixView<std::uint8_t> left{eroded.data(), height, width, stride};
    erode_grey(image, left);
    std::int32_t counts[grey_levels];
    components_by_level(image, counts);
    const int level = bytes.byte();
    ScoredInput input;  // one image: what reaches the level
    input.images.images.push_back({nullptr, nullptr, height, width, width, width});
    input.first = {0, height * width};
    for (index_t y = 0; y < height; ++y)
        for (index_t x = 0; x < width; ++x) {
            std::uint8_t least = 255;
            for (index_t v = std::max<index_t>(0, y - 3); v < std::min(height, y + 3); ++v)
                for (index_t u = std::max<index_t>(0, x - 3); u < std::min(width, x + 3); ++u)
                    least = std::min(least, image.row(v)[u]);
            check(left.row(y)[x] == least, "erosion");
            input.pixels.push_back({0, y, x, 0, false, image.row(y)[x] >= level, 0});
        }
    spread(input, 0);
    check(counts[level] == input.regions, "components of a level");
}

void check_image_overlap(const ScoredInput& input, double low) {
    const NormalRanks ranks = normal_ranks(input.images, {}, with_threads(1));
    std::set<Exact, std::greater<>> distinct;
    for (const Pixel& p : input.pixels)
        if (p.anomalous) distinct.insert(p.score);
    const std::vector<Exact> level(distinct.begin(), distinct.end());
    const index_t levels = static_cast<index_t>(level.size());
    check(ranks.level.size() == level.size(), "levels");
    const std::vector<double> recalls = image_recalls(ranks, 0, levels, with_threads(2));
    for (double area : aupimo(ranks, low, 0.5, with_threads(1))) check(!(area < 0) && !(area > 1), "AUPIMO is a share");
    for (index_t i = 0; i < ranks.images(); ++i)
        for (index_t l = 0; l < levels; ++l) {
            double all = 0, found = 0;
            for (index_t p = input.first[i]; p < input.first[i + 1]; ++p) {
                if (!input.pixels[p].anomalous) continue;
                ++all, found += input.pixels[p].score >= level[l];
            }
            check(same(recalls[i * levels + l], found / all), "recall of an image");
        }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes(data, size);
    const std::uint8_t kind = bytes.byte() % 5;
    const double limit = static_cast<double>(bytes.between(1, 100)) / 100;
    if (kind == 4) {
        check_grey(bytes);
        return 0;
    }
    const ScoredInput input = scored_input(bytes, false, false);
    if (kind == 0) check_components(input);
    if (kind == 1) check_reweighted(input, bytes, limit);
    const bool both =
        std::any_of(input.pixels.begin(), input.pixels.end(), [](const Pixel& p) { return p.anomalous; }) &&
        std::any_of(input.pixels.begin(), input.pixels.end(), [](const Pixel& p) { return !p.anomalous; });
    if (kind == 2 && both) check_areas(input, limit, static_cast<double>(bytes.between(1, 100)) / 100);
    if (kind == 3) check_image_overlap(input, limit / 3);
    return 0;
}
