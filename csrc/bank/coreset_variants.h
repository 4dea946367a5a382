#pragma once
// The coreset samplers that users know, as one call: scale, project, choose where to start, select.
#include <cstdint>
#include <optional>
#include <vector>

#include "bank/coreset.h"
#include "bank/projection.h"

namespace acpp {

enum class CoresetVariant { anomalib, inspection_exact, inspection_approx };

struct RandomProjection {
    ProjectionKind kind;
    index_t outputs;
};

template <class T>
struct CoresetRequest {
    CoresetVariant variant = CoresetVariant::anomalib;
    std::optional<RandomProjection> random;  // or
    std::optional<MatrixView<const T>> matrix;
    std::vector<index_t>
        start;  // the first pick (anomalib), the rows to measure from (inspection_approx); empty: drawn
    std::uint64_t seed = 0;
    OnDuplicate on_duplicate = OnDuplicate::stop;
    CoresetMethod method = CoresetMethod::automatic;
};

struct CoresetOutcome {
    index_t count;  // picks made
    double radius;  // largest distance of a row to its nearest pick
};

// picks.size rows of `features` (finite). radii[p] = distance that won pick p: infinite for a first pick that was given
// or drawn, the sampler's own starting value for the others.
template <class T>
CoresetOutcome select_coreset(MatrixView<const T> features, const CoresetRequest<T>& request, VectorView<index_t> picks,
                              VectorView<T> radii, const RunOptions& run);

}  // namespace acpp
