#include "metrics/components.h"

#include <algorithm>
#include <mutex>

#include "core/pool.h"
#include "ranking/labels.h"
#include "ranking/regions.h"

namespace acpp::metrics {

using namespace ranking;

namespace {

// Writes an image from its beginning, stretch by stretch. Whole vectors go past the end of a stretch, where the next
// one will be written: short stretches take no branch.
class Painter {
  public:
    Painter(std::int32_t* out, index_t size) : out_(out), size_(size) {}

    void fill_to(index_t end, std::int32_t value) {
        if (size_ - end < lanes || end - done_ > long_stretch) {
            std::fill(out_ + done_, out_ + end, value);
        } else {
            for (index_t i = done_; i < end; i += lanes)
                for (index_t j = 0; j < lanes; ++j) out_[i + j] = value;
        }
        done_ = end;
    }

  private:
    static constexpr index_t lanes = 8, long_stretch = 64;
    std::int32_t* out_;
    index_t size_, done_ = 0;
};

}  // namespace

void connected_components(const ScoredImages& masks, int connectivity, const std::vector<std::int32_t*>& labels,
                          index_t* counts, const RunOptions& run) {
    require(connectivity == 4 || connectivity == 8, "connectivity must be 4 or 8");
    const index_t images = static_cast<index_t>(masks.images.size());
    struct Found {
        std::vector<Run> runs;
        std::vector<std::uint32_t> region;
    };
    std::vector<Found> found(images);
    Pool<std::vector<Run>> spare;
    std::mutex lock;
    LabelValues all;
    parallel_blocks(images, 1, run, [&](index_t i, index_t) {
        const ScoredImage& image = masks.images[i];
        std::vector<std::uint8_t> scratch(byte_labels(masks.label_type) ? 0 : image.width);
        auto runs = spare.take([] { return std::make_unique<std::vector<Run>>(); });
        runs->clear();
        LabelValues values;
        for (index_t y = 0; y < image.height; ++y) {
            const std::size_t first = runs->size();
            find_runs(label_row(masks, image, y, scratch.data()), image.width, static_cast<std::uint32_t>(y), *runs);
            if (first < runs->size()) inspect_labels(masks, image, y, (*runs)[first].begin, runs->back().end, values);
        }
        found[i].runs = *runs;  // as long as it is; the longer one serves the next image
        counts[i] = label_runs(found[i].runs, connectivity, found[i].region);
        spare.give(std::move(runs));
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
        Painter painter(labels[i], masks.images[i].pixels());
        for (std::size_t r = 0; r < found[i].runs.size(); ++r) {
            const Run& span = found[i].runs[r];
            const index_t row = span.row * masks.images[i].width;
            painter.fill_to(row + span.begin, 0);
            painter.fill_to(row + span.end, static_cast<std::int32_t>(base[i] + found[i].region[r]));
        }
        painter.fill_to(masks.images[i].pixels(), 0);
    });
}

}  // namespace acpp::metrics
