#pragma once
// Labels with buffers around the events, window by window: how much of the buffers each threshold predicts, and which
// groups of events it finds.
#include <vector>

#include "timeseries/thresholds.h"

namespace acpp::timeseries {

struct BufferRule {
    index_t right_lag = 0;       // points by which the right buffer is shorter than the left one
    bool join_touching = false;  // events whose buffers touch form one group; otherwise they must overlap
    bool carried = false;        // a buffer point that has faded in counts whole from the next window on
};

class SoftLabels {
  public:
    // For half windows up to `widest`.
    SoftLabels(const Series& series, const Thresholds& thresholds, index_t widest, BufferRule rule,
               const RunOptions& run);

    // Sets the window; windows must not fall from call to call.
    void set_window(index_t window);

    // Sum of the buffer's labels over the points that each threshold predicts; one more entry for all points.
    const std::vector<double>& credit() const { return credit_; }
    // Share of the groups of events with a predicted point, for each threshold.
    const std::vector<double>& existence() const { return existence_; }

  private:
    struct Joined {  // a point that a second event reaches at half window `at`: its label is then 1
        index_t at, row, threshold;
    };

    void find_points(index_t widest);
    void add_point(index_t t, index_t events_before, index_t widest);
    void grow(index_t half);
    void find_groups();

    const Series* series_;
    const Thresholds* thresholds_;
    BufferRule rule_;
    Pace pace_;
    index_t columns_;  // thresholds, and one for points that none predicts
    index_t widest_, half_ = 0;
    std::vector<double> faded_;   // [row][column]: points that one event reaches; rows: left distances, then right ones
    std::vector<double> whole_;   // [column]: points that two events reach
    std::vector<Joined> joined_;  // by `at`
    std::size_t next_joined_ = 0;
    std::vector<index_t> best_;  // of each event with its buffers: the first threshold that predicts a point of it
    std::vector<double> credit_, existence_;
};

}  // namespace acpp::timeseries
