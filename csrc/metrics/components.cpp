#include "metrics/components.h"

#include <algorithm>
#include <mutex>

#include "ranking/labels.h"
#include "ranking/regions.h"

namespace acpp::metrics {

using namespace ranking;

void connected_components(const ScoredImages& masks, int connectivity, const std::vector<std::int32_t*>& labels,
                          index_t* counts, const RunOptions& run) {
    require(connectivity == 4 || connectivity == 8, "connectivity must be 4 or 8");
    const index_t images = static_cast<index_t>(masks.images.size());
    struct Found {
        std::vector<Run> runs;
        std::vector<std::uint32_t> region;
    };
    std::vector<Found> found(images);
    std::mutex lock;
    LabelValues all;
    parallel_blocks(images, 1, run, [&](index_t i, index_t) {
        const ScoredImage& image = masks.images[i];
        std::vector<std::uint8_t> scratch(byte_labels(masks.label_type) ? 0 : image.width);
        Found mine;
        LabelValues values;
        for (index_t y = 0; y < image.height; ++y) {
            const std::size_t first = mine.runs.size();
            find_runs(label_row(masks, image, y, scratch.data()), image.width, static_cast<std::uint32_t>(y),
                      mine.runs);
            for (std::size_t r = first; r < mine.runs.size(); ++r)
                inspect_labels(masks, image, y, mine.runs[r].begin, mine.runs[r].end, values);
        }
        counts[i] = label_runs(mine.runs, connectivity, mine.region);
        found[i] = std::move(mine);
        const std::lock_guard hold(lock);
        all.merge(values);
    });
    if (!all.valid())
        throw InvalidArgument(masks.label_name + " must be 0 or 1 (or 0 and 255 in uint8); got " +
                              offending_labels(masks));

    std::vector<index_t> base(images + 1, 1);
    for (index_t i = 0; i < images; ++i) base[i + 1] = base[i] + counts[i];
    require(base[images] <= INT32_MAX, masks.label_name + " has more regions than an int32 label can number");
    parallel_blocks(images, 1, run, [&](index_t i, index_t) {
        const ScoredImage& image = masks.images[i];
        std::fill_n(labels[i], image.pixels(), 0);
        for (std::size_t r = 0; r < found[i].runs.size(); ++r) {
            const Run& span = found[i].runs[r];
            const auto number = static_cast<std::int32_t>(base[i] + found[i].region[r]);
            std::fill(labels[i] + span.row * image.width + span.begin, labels[i] + span.row * image.width + span.end,
                      number);
        }
    });
}

}  // namespace acpp::metrics
