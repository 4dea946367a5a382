#pragma once
// The ways C++ code reports failure. bindings/module.cpp maps each to one Python exception class.
#include <stdexcept>
#include <string>

namespace acpp {

struct InvalidArgument : std::invalid_argument {  // -> InvalidInputError (ValueError): the caller can fix it
    using std::invalid_argument::invalid_argument;
};
struct InvalidType : std::invalid_argument {  // -> InvalidTypeError (TypeError): wrong dtype or kind of object
    using std::invalid_argument::invalid_argument;
};
struct BudgetExceeded : std::runtime_error {  // -> MemoryBudgetError (MemoryError)
    using std::runtime_error::runtime_error;
};
struct Cancelled : std::runtime_error {  // -> the pending Python exception, KeyboardInterrupt as a rule
    using std::runtime_error::runtime_error;
};

inline void require(bool ok, const char* what) {
    if (!ok) throw InvalidArgument(what);
}
inline void require(bool ok, const std::string& what) {
    if (!ok) throw InvalidArgument(what);
}

}  // namespace acpp
