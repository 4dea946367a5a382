#include <memory>
#include <variant>

#include "bank/packed_rows.h"
#include "bindings/arrays.h"
#include "bindings/run.h"
#include "core/finite.h"

namespace acpp::bind {
namespace {

using namespace py::literals;

// Calls call(view) with the array as a matrix of float or of double.
template <class Call>
auto with_float_matrix(const py::array& array, const char* name, Call&& call) {
    return is_dtype<double>(array) ? call(matrix<double>(array, name)) : call(matrix<float>(array, name));
}

template <class T>
py::array_t<T> copied(const std::vector<T>& values) {
    return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
}

class PyPackedRows {
    template <class Call>
    auto visit_pair(const py::array& queries, Call&& call) const {
        return std::visit(
            [&](const auto& packed) {
                return with_float_matrix(queries, "queries", [&](auto view) {
                    if (view.cols != packed->rows().cols)
                        throw InvalidArgument("queries has shape " + shape_of(queries) + " but bank has shape " +
                                              shape_of(owner_) + "; their widths must agree");
                    return call(*packed, view);
                });
            },
            packed_);
    }

  public:
    PyPackedRows(py::array rows, const std::string& metric, const std::string& prefilter, bool keep_codes,
                 bool check_finite, int threads)
        : owner_(std::move(rows)) {
        const Metric which = metric_from_name(metric);
        const PackOptions options{prefilter_from_name(prefilter), keep_codes};
        const RunOptions run = run_options(threads);
        with_float_matrix(owner_, "bank", [&](auto view) {
            using B = std::remove_const_t<std::remove_pointer_t<decltype(view.data)>>;
            without_gil([&] {
                if (check_finite) require_finite(view, "bank", run);
                packed_ = std::make_unique<PackedRows<B>>(view, which, options, run);
            });
        });
    }

    py::tuple nearest(const py::array& queries, index_t k, const py::object& query_groups,
                      const py::object& bank_groups, bool exclude_self, index_t memory_budget, bool check_finite,
                      int threads) const {
        require(k >= 1, "k must be at least 1; got " + std::to_string(k));
        const RunOptions run = run_options(threads);
        return visit_pair(queries, [&](const auto& packed, auto view) {
            const PairFilter pairs = filter(view.rows, packed.rows().rows, query_groups, bank_groups, exclude_self);
            py::array_t<double> keys({view.rows, k});
            py::array_t<index_t> indices({view.rows, k});
            const auto keys_out = output(keys);
            const auto indices_out = output(indices);
            without_gil([&] {
                if (check_finite) require_finite(view, "queries", run);
                packed.nearest(view, pairs, keys_out, indices_out, memory_budget, run);
            });
            return py::make_tuple(std::move(keys), std::move(indices));
        });
    }

    py::tuple within(const py::array& queries, double radius, const py::object& query_groups,
                     const py::object& bank_groups, index_t memory_budget, bool check_finite, int threads) const {
        const RunOptions run = run_options(threads);
        return visit_pair(queries, [&](const auto& packed, auto view) {
            const PairFilter pairs = filter(view.rows, packed.rows().rows, query_groups, bank_groups, false);
            const Neighbourhoods found = without_gil([&] {
                if (check_finite) require_finite(view, "queries", run);
                return packed.within(view, radius, pairs, memory_budget, run);
            });
            return py::make_tuple(copied(found.limits), copied(found.keys), copied(found.indices));
        });
    }

    py::array_t<double> all_keys(const py::array& queries, bool check_finite, int threads) const {
        const RunOptions run = run_options(threads);
        return visit_pair(queries, [&](const auto& packed, auto view) {
            py::array_t<double> keys({view.rows, packed.rows().rows});
            const auto keys_out = output(keys);
            without_gil([&] {
                if (check_finite) require_finite(view, "queries", run);
                packed.all_keys(view, keys_out, run);
            });
            return keys;
        });
    }

    index_t nbytes() const {
        return std::visit([](const auto& packed) { return packed->nbytes(); }, packed_);
    }

  private:
    static PairFilter filter(index_t queries, index_t rows, const py::object& query_groups,
                             const py::object& bank_groups, bool exclude_self) {
        PairFilter result;
        result.exclude_self = exclude_self;
        if (query_groups.is_none()) return result;
        const auto of_queries = vector<std::uint64_t>(query_groups.cast<py::array>(), "query_groups");
        const auto of_bank = vector<std::uint64_t>(bank_groups.cast<py::array>(), "bank_groups");
        require(of_queries.size == queries, "query_groups must have one entry per query");
        require(of_bank.size == rows, "bank_groups must have one entry per bank row");
        result.query_groups = of_queries.data;
        result.bank_groups = of_bank.data;
        return result;
    }

    py::array owner_;  // keeps the rows that packed_ borrows
    std::variant<std::unique_ptr<PackedRows<float>>, std::unique_ptr<PackedRows<double>>> packed_;
};

// (bytes, bytes under the smallest budget, blocks) of a search that makes the bank's codes itself.
py::tuple blocks_of(index_t queries, index_t rows, index_t columns, index_t k, index_t memory_budget, int threads) {
    SearchShape shape{queries, rows,    columns, static_cast<std::size_t>(k), code_for(Prefilter::automatic, columns),
                      false,   threads, 0};
    shape.budget = least_budget(shape);
    const SearchPlan least = plan_search(shape);
    shape.budget = std::max(shape.budget, memory_budget);
    const SearchPlan plan = plan_search(shape);
    const auto ceiling = [](index_t count, index_t block) { return std::max<index_t>(1, (count + block - 1) / block); };
    return py::make_tuple(
        plan.nbytes(), least.nbytes(),
        ceiling(queries, plan.first.queries) * (plan.first.whole ? 1 : ceiling(rows, plan.first.rows)));
}

}  // namespace

void add_bank(py::module_& m) {
    py::class_<PyPackedRows>(m, "PackedRows")
        .def(py::init<py::array, const std::string&, const std::string&, bool, bool, int>(), "rows"_a, "metric"_a,
             "prefilter"_a, "keep_codes"_a, "check_finite"_a, "threads"_a)
        .def("within", &PyPackedRows::within, "queries"_a, "radius"_a, "query_groups"_a, "bank_groups"_a,
             "memory_budget"_a, "check_finite"_a, "threads"_a)
        .def("nearest", &PyPackedRows::nearest, "queries"_a, "k"_a, "query_groups"_a, "bank_groups"_a, "exclude_self"_a,
             "memory_budget"_a, "check_finite"_a, "threads"_a)
        .def("all_keys", &PyPackedRows::all_keys, "queries"_a, "check_finite"_a, "threads"_a)
        .def_property_readonly("nbytes", &PyPackedRows::nbytes);
    m.def("search_blocks", &blocks_of, "queries"_a, "rows"_a, "columns"_a, "k"_a, "memory_budget"_a, "threads"_a);
    m.def(
        "code_row_bytes",
        [](index_t columns) { return code_row_bytes(code_for(Prefilter::automatic, columns), columns); }, "columns"_a);
}

}  // namespace acpp::bind
