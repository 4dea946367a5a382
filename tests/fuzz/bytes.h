#pragma once
// What every fuzz target needs: small inputs made of bytes, and a check that ends the process.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <vector>

#include "core/array.h"
#include "core/parallel.h"

namespace acpp::fuzz {

inline void check(bool ok, const char* what, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    if (ok) return;
    std::fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    std::abort();
}

inline bool same(double a, double b) { return a == b || (a != a && b != b); }
inline bool near(double a, double b, double tolerance = 1e-9) {
    return same(a, b) || std::abs(a - b) <= tolerance * std::max(1.0, std::max(std::abs(a), std::abs(b)));
}
template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const T& x, const T& y) { return same(x, y); });
}

inline RunOptions with_threads(int threads) { return {threads, {}, {}}; }

// Values from the front of the input; zeros once it is used up, so that every input means something.
class Bytes {
  public:
    Bytes(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}

    bool empty() const { return at_ == end_; }
    std::uint8_t byte() { return empty() ? 0 : *at_++; }
    bool flag() { return byte() & 1; }
    bool rarely() { return byte() == 255; }
    template <class T>
    T bits() {
        T value{};
        const std::size_t n = std::min(sizeof value, static_cast<std::size_t>(end_ - at_));
        if (n > 0) std::memcpy(&value, at_, n);
        at_ += n;
        return value;
    }
    index_t between(index_t low, index_t high) {  // both inside, at most 2^16 apart
        const index_t span = high - low + 1;
        return low + (span <= 256 ? byte() : bits<std::uint16_t>()) % span;
    }
    double share() { return byte() / 255.0; }
    // Mostly few different numbers, so that there are ties; at times any bits, or what is special about floats.
    template <class T>
    T real() {
        constexpr T special[] = {T(0),
                                 -T(0),
                                 std::numeric_limits<T>::infinity(),
                                 -std::numeric_limits<T>::infinity(),
                                 std::numeric_limits<T>::quiet_NaN(),
                                 std::numeric_limits<T>::denorm_min(),
                                 std::numeric_limits<T>::max(),
                                 std::numeric_limits<T>::lowest()};
        const std::uint8_t kind = byte();
        if (kind == 255) return bits<T>();
        if (kind >= 247) return special[kind - 247];
        return static_cast<T>(static_cast<int>(kind % 16) - 5) / 4;
    }
    template <class T>
    T finite() {
        const T value = real<T>();
        return std::isfinite(value) && std::abs(value) < T(1e15) ? value : T(1);
    }

  private:
    const std::uint8_t *at_, *end_;
};

}  // namespace acpp::fuzz
