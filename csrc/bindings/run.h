#pragma once
// GIL, Ctrl-C and progress policy: kernels run without the GIL; the calling thread asks about signals every 50 ms.
#include <pybind11/pybind11.h>

#include <chrono>
#include <optional>

#include "core/parallel.h"

namespace acpp::bind {
namespace py = pybind11;

struct PythonErrorSet : Cancelled {  // the Python error indicator holds the reason
    PythonErrorSet() : Cancelled("cancelled by a Python exception") {}
};

inline RunOptions run_options(int threads) {
    using clock = std::chrono::steady_clock;
    RunOptions run;
    run.threads = threads;
    run.keep_going = [last = clock::now()]() mutable {
        const auto now = clock::now();
        if (now - last < std::chrono::milliseconds(50)) return true;
        last = now;
        py::gil_scoped_acquire gil;
        return PyErr_CheckSignals() == 0;  // on failure the Python exception is already set
    };
    return run;
}

// `progress`: None or a callable (done, total) -> bool; False cancels. Called at most ten times a second, but always
// at the start and at the end.
inline RunOptions run_options(int threads, const py::object& progress) {
    using clock = std::chrono::steady_clock;
    RunOptions run = run_options(threads);
    if (progress.is_none()) return run;
    run.progress = [callback = progress.ptr(), last = clock::time_point{}](index_t done, index_t total) mutable {
        const auto now = clock::now();
        if (done != 0 && done != total && now - last < std::chrono::milliseconds(100)) return;
        last = now;
        py::gil_scoped_acquire gil;
        PyObject* answer =
            PyObject_CallFunction(callback, "LL", static_cast<long long>(done), static_cast<long long>(total));
        if (answer == nullptr) throw PythonErrorSet();
        const bool stop = answer == Py_False;
        Py_DECREF(answer);
        if (stop) throw Cancelled("cancelled by the progress callback");
    };
    return run;
}

template <class Call>
auto without_gil(Call&& call) {
    try {
        py::gil_scoped_release nogil;
        return call();
    } catch (const Cancelled&) {
        if (PyErr_Occurred()) throw py::error_already_set();
        throw;
    }
}

}  // namespace acpp::bind
