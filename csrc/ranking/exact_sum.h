#pragma once
// Sums whose bits do not depend on the order of the terms.
namespace acpp::ranking {

__extension__ using Wide = __int128;
__extension__ using UnsignedWide = unsigned __int128;

// Of values >= 0 that sum to less than 2^32: fixed point with 96 fractional bits, error below 2^-96 a term.
class FractionSum {
  public:
    void add(double fraction) { sum_ += fixed(fraction); }
    void remove(double fraction) { sum_ -= fixed(fraction); }  // one that was added before
    double value() const { return static_cast<double>(sum_) / one; }

  private:
    static UnsignedWide fixed(double fraction) { return static_cast<UnsignedWide>(fraction * one); }

    static constexpr double one = 79228162514264337593543950336.0;  // 2^96
    UnsignedWide sum_ = 0;
};

// Of fewer than 2^32 values in [0, 1] that come and go: 62 fractional bits, error below 2^-62 a term.
class ShareSum {
  public:
    void add(double share) { sum_ += fixed(share); }
    void remove(double share) { sum_ -= fixed(share); }
    double value() const { return static_cast<double>(sum_) / one; }

  private:
    static constexpr double one = 4611686018427387904.0;  // 2^62
    static Wide fixed(double share) { return static_cast<long long>(share * one); }

    Wide sum_ = 0;
};

}  // namespace acpp::ranking
