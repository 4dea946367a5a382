// Parts of the coreset that no public function returns.
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "bank/coreset.h"

namespace acpp {
namespace {

TEST(Coreset, NormsOfTheRowsOfTheDistanceMatrix) {
    const std::vector<float> x = {0, 0, 1, 0, 0, 2, 5, 0, 5, 5, 0, 6, 2, 2, 5, 1};
    const double expected[] = {12.247448713916, 11.045361017187, 10.8627804912,  13.038404810405,
                               14.491376746189, 15.684387141358, 8.831760866328, 12.083045973595};
    std::vector<double> sums(8);
    sum_of_sq_distances(MatrixView<const float>{x.data(), 8, 2, 2}, VectorView<double>{sums.data(), 8}, {});
    for (std::size_t i = 0; i < 8; ++i) EXPECT_NEAR(std::sqrt(sums[i]), expected[i], 1e-11);
}

}  // namespace
}  // namespace acpp
