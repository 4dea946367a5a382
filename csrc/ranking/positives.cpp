#include "ranking/positives.h"

#include <algorithm>

#include "ranking/labels.h"
#include "ranking/regions.h"
#include "ranking/score_keys.h"
#include "ranking/strip_scores.h"

namespace acpp::ranking {
namespace {

template <class Key>
class PositiveGatherer {
  public:
    PositiveGatherer(const ScoredImages& input, const std::vector<Strip>& strips, const RankOptions& options)
        : input_(input), strips_(strips), options_(options), parts_(strips.size()) {}

    Positives<Key> gather(const RunOptions& run) {
        parallel_blocks(static_cast<index_t>(strips_.size()), 1, run, [&](index_t s, index_t) { read(s); });
        check_labels();
        if (options_.regions) join_images(run);
        return concatenate();
    }

  private:
    struct Part {  // of one strip, later of one image
        std::vector<Run> runs;
        std::vector<Key> keys;
        std::vector<std::uint32_t> region;
        std::vector<index_t> area;
        LabelValues labels;
        index_t missing = 0;
    };

    void read(index_t s) {
        const Strip& strip = strips_[s];
        const ScoredImage& image = input_.images[strip.image];
        Part part;  // local until done: neighbours in parts_ share cache lines
        StripScores scores(input_, strip);
        std::vector<std::uint8_t> scratch(byte_labels(input_.label_type) ? 0 : image.width);
        for (index_t y = strip.row_begin; y < strip.row_end; ++y) {
            const std::size_t first = part.runs.size();
            const std::uint8_t* labels = label_row(input_, image, y, scratch.data());
            find_runs(labels, image.width, static_cast<std::uint32_t>(y), part.runs);
            if (first < part.runs.size())
                inspect_labels(input_, image, y, part.runs[first].begin, part.runs.back().end, part.labels);
            for (std::size_t r = first; r < part.runs.size(); ++r) {
                const Run& span = part.runs[r];
                const std::size_t before = part.keys.size();
                part.keys.resize(before + (span.end - span.begin));
                to_keys(input_.score_type, element(scores.row(y), input_.score_type, span.begin), span.end - span.begin,
                        part.keys.data() + before);
            }
        }
        if (!options_.regions) {
            part.runs = {};
            const auto before = part.keys.size();
            std::erase_if(part.keys, [this](Key key) { return is_missing(key); });
            part.missing = static_cast<index_t>(before - part.keys.size());
        }
        parts_[s] = std::move(part);
    }

    bool is_missing(Key key) const { return key == missing_key<Key> && has_nan(input_.score_type); }

    void check_labels() const {
        LabelValues labels;
        std::size_t total = 0;
        for (const Part& part : parts_) labels.merge(part.labels), total += part.keys.size();
        const std::string &scores = input_.score_name, &name = input_.label_name;
        require(total < (std::size_t{1} << 32), name + " marks 2^32 or more anomalous pixels; split the evaluation");
        if (labels.valid()) return;
        require(!looks_swapped(input_), scores + " looks like labels and " + name +
                                            " looks like scores; native order is (" + scores + ", " + name + ")");
        throw InvalidArgument(name + " must be 0 or 1 (or 0 and 255 in uint8); got " + offending_labels(input_));
    }

    // One part per image instead of one per strip, with its regions.
    void join_images(const RunOptions& run) {
        const index_t images = static_cast<index_t>(input_.images.size());
        std::vector<std::size_t> first(images + 1, 0);
        for (const Strip& strip : strips_) ++first[strip.image + 1];
        for (index_t i = 0; i < images; ++i) first[i + 1] += first[i];
        std::vector<Part> joined(images);
        std::size_t pixels = 0;
        for (const Part& part : parts_) pixels += part.keys.size();
        const index_t block = pixels < (std::size_t{1} << 18) ? images : 16;  // little work: no second thread
        parallel_blocks(images, block, run, [&](index_t begin, index_t end) {
            for (index_t i = begin; i < end; ++i) {
                if (first[i] == first[i + 1]) continue;
                Part image = std::move(parts_[first[i]]);
                for (std::size_t s = first[i] + 1; s < first[i + 1]; ++s) {
                    image.runs.insert(image.runs.end(), parts_[s].runs.begin(), parts_[s].runs.end());
                    image.keys.insert(image.keys.end(), parts_[s].keys.begin(), parts_[s].keys.end());
                    parts_[s] = {};
                }
                find_regions(image);
                joined[i] = std::move(image);
            }
        });
        parts_ = std::move(joined);
    }

    void find_regions(Part& image) const {
        std::vector<std::uint32_t> of_run;
        image.area.assign(label_runs(image.runs, options_.connectivity, of_run), 0);
        image.region.resize(image.keys.size());
        std::size_t pixel = 0, kept = 0;
        for (std::size_t r = 0; r < image.runs.size(); ++r)
            for (std::uint32_t x = image.runs[r].begin; x < image.runs[r].end; ++x, ++pixel) {
                image.keys[kept] = image.keys[pixel];
                image.region[kept] = of_run[r];
                const bool has_score = !is_missing(image.keys[kept]);
                image.area[of_run[r]] += has_score;
                kept += has_score;
            }
        image.runs = {};
        image.missing = static_cast<index_t>(pixel - kept);
        if (image.missing == 0) return;
        image.keys.resize(kept);
        image.region.resize(kept);
        // A region whose every pixel lacks a score disappears.
        std::vector<std::uint32_t> number(image.area.size());
        std::uint32_t next = 0;
        for (std::size_t r = 0; r < image.area.size(); ++r) number[r] = image.area[r] > 0 ? next++ : next;
        for (std::uint32_t& region : image.region) region = number[region];
        std::erase(image.area, 0);
    }

    Positives<Key> concatenate() {
        Positives<Key> all;
        std::size_t total = 0;
        for (const Part& part : parts_) total += part.keys.size();
        all.keys.reserve(total);
        if (options_.regions) all.region.reserve(total), all.image_begin.push_back(0);
        for (std::size_t i = 0; i < parts_.size(); ++i) {
            Part& part = parts_[i];
            all.missing += part.missing;
            all.keys.insert(all.keys.end(), part.keys.begin(), part.keys.end());
            if (options_.regions) {
                const std::uint32_t base = static_cast<std::uint32_t>(all.regions.size());
                for (std::uint32_t region : part.region) all.region.push_back(base + region);
                for (index_t area : part.area) all.regions.push_back({static_cast<index_t>(i), area});
                all.image_begin.push_back(static_cast<index_t>(all.keys.size()));
            }
            part = {};
        }
        return all;
    }

    const ScoredImages& input_;
    const std::vector<Strip>& strips_;
    const RankOptions& options_;
    std::vector<Part> parts_;
};

}  // namespace

template <class Key>
Positives<Key> gather_positives(const ScoredImages& input, const std::vector<Strip>& strips, const RankOptions& options,
                                const RunOptions& run) {
    return PositiveGatherer<Key>(input, strips, options).gather(run);
}

template Positives<std::uint32_t> gather_positives(const ScoredImages&, const std::vector<Strip>&, const RankOptions&,
                                                   const RunOptions&);
template Positives<std::uint64_t> gather_positives(const ScoredImages&, const std::vector<Strip>&, const RankOptions&,
                                                   const RunOptions&);

}  // namespace acpp::ranking
