#pragma once
// The integrals of affiliation within the zone of one event. For ends at whole points every one of them is a multiple
// of 2^-5, exact in double: sums of them may be added to and taken from in any order.
#include <algorithm>
#include <array>

#include "timeseries/affiliation.h"

namespace acpp::timeseries {

// length - integral / zone length: kept apart because both are exact.
struct Chance {
    double length = 0, integral = 0;

    Chance& operator+=(Chance o) { return length += o.length, integral += o.integral, *this; }
    Chance& operator-=(Chance o) { return length -= o.length, integral -= o.integral, *this; }
    double in(const Interval& zone) const { return length - integral / zone.length(); }
};

struct Zone {
    Interval zone, event;

    // Of the predicted interval [u, v) within the zone: how likely a random point lies farther from the event.
    Chance precision(double u, double v) const {
        Chance sum{std::max(0.0, std::min(v, event.end) - std::max(u, event.begin)), 0};
        if (u < event.begin) sum += outside(event.begin - std::min(v, event.begin), event.begin - u);
        if (v > event.end) sum += outside(std::max(u, event.end) - event.end, v - event.end);
        return sum;
    }

    // The event's points in the gap [u, v) between predictions: those before `middle` lie nearer to u. A gap that
    // begins or ends with the zone has a prediction on its other side only.
    struct Gap {
        double from, middle, to;

        bool empty() const { return from >= to; }
    };
    Gap gap(double u, double v) const {
        const double from = std::max(u, event.begin), to = std::min(v, event.end);
        const bool left = u > zone.begin, right = v < zone.end;
        return {from, left && right ? std::clamp((u + v) / 2, from, std::max(from, to)) : left ? to : from, to};
    }

    // Of those points: how likely a random prediction lies farther from them.
    Chance recall(double u, double v) const {
        const Gap points = gap(u, v);
        Chance sum;
        if (points.empty()) return sum;
        if (points.from < points.middle) sum += toward(points.from, points.middle, u);
        if (points.middle < points.to) sum += toward(points.middle, points.to, v);
        return sum;
    }

    double event_in(double u, double v) const {
        return std::max(0.0, std::min(v, event.end) - std::max(u, event.begin));
    }

  private:
    // Points at distances [near, far] from the event, on one side of it.
    Chance outside(double near, double far) const {
        const double margin = std::min(event.begin - zone.begin, zone.end - event.end);
        const double low = std::min(near, margin), high = std::min(far, margin);
        const double least = (high * high - low * low) / 2 + margin * (std::max(far, margin) - std::max(near, margin));
        return {far - near, least + (far * far - near * near) / 2 + event.length() * (far - near)};
    }

    // Points [u, v) of the event whose nearest prediction is at p, outside (u, v).
    Chance toward(double u, double v, double p) const {
        // The integrand is straight between these.
        std::array<double, 5> at{u, (zone.begin + zone.end) / 2, (zone.begin + p) / 2, (zone.end + p) / 2, v};
        for (double& x : at) x = std::clamp(x, u, v);
        std::sort(at.begin(), at.end());
        const auto height = [&](double y) {
            const double distance = y < p ? p - y : y - p;
            return std::min(distance, std::min(y - zone.begin, zone.end - y)) + distance;
        };
        double integral = 0;
        for (std::size_t i = 0; i + 1 < at.size(); ++i)
            integral += (at[i + 1] - at[i]) * (height(at[i]) + height(at[i + 1])) / 2;
        return {v - u, integral};
    }
};

}  // namespace acpp::timeseries
