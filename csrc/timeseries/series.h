#pragma once
// What every metric of a series reads: its scores in order and its events, found once.
#include <cstdint>
#include <string>
#include <vector>

#include "core/parallel.h"
#include "ranking/dtype.h"

namespace acpp::timeseries {

struct Event {
    index_t begin, last;  // both inside

    index_t length() const { return last - begin + 1; }
};

struct Series {
    index_t size = 0, positives = 0;
    std::vector<Event> events;         // maximal runs of anomalous points, in time
    std::vector<std::uint32_t> level;  // of each point: its entry of `value`
    std::vector<std::uint32_t> order;  // the points from the highest score down, equal scores in time

    // One entry per distinct score, highest first; counts of points with this score or a higher one.
    std::vector<double> value;
    std::vector<std::uint32_t> reached, hit;  // all points, anomalous points

    std::vector<std::uint32_t> event_level;  // of each event: the level of its highest score
    std::vector<std::uint32_t> next_event;   // of each point: the first event that has not ended before it

    index_t levels() const { return static_cast<index_t>(value.size()); }
    // Counts when the first n levels are predicted.
    index_t predicted(index_t n) const { return n == 0 ? 0 : reached[n - 1]; }
    index_t true_positives(index_t n) const { return n == 0 ? 0 : hit[n - 1]; }
};

// One series inside longer arrays. `labels`: 0 or 1.
struct SeriesInput {
    const void* scores;
    const std::uint8_t* labels;
    index_t size;
    std::string name = "scores";  // what the caller calls them, for messages
};

// A series of fewer than 2^32 points, at least one. O(n) time in a radix sort; 12 bytes a point and 16 for each
// distinct score, and 24 a point until the sort is done. Throws InvalidArgument for NaN scores.
Series make_series(const SeriesInput& input, ranking::DType type, const RunOptions& run);

// The maximal runs of predicted points when the first n levels are.
std::vector<Event> predicted_runs(const Series& series, index_t n);

}  // namespace acpp::timeseries
