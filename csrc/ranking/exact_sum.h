#pragma once
// Sums whose bits do not depend on the order of the terms.
namespace acpp::ranking {

__extension__ using Wide = __int128;
__extension__ using UnsignedWide = unsigned __int128;

// Of values in [0, 1], up to 2^30 of them: fixed point with 96 fractional bits, error below 2^-96 a term.
class FractionSum {
  public:
    void add(double fraction) { sum_ += static_cast<UnsignedWide>(fraction * one); }
    double value() const { return static_cast<double>(sum_) / one; }

  private:
    static constexpr double one = 79228162514264337593543950336.0;  // 2^96
    UnsignedWide sum_ = 0;
};

}  // namespace acpp::ranking
