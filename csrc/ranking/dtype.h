#pragma once
// The element types that scores and labels may have, and the one switch over them.
#include <cstdint>

namespace acpp::ranking {

struct Half {  // IEEE binary16, ordered by its bits: never widened
    std::uint16_t bits;
};

enum class DType { boolean, u8, i8, u16, i16, u32, i32, u64, i64, f16, f32, f64 };

constexpr std::int64_t size_of(DType type) {
    switch (type) {
        case DType::boolean:
        case DType::u8:
        case DType::i8:
            return 1;
        case DType::u16:
        case DType::i16:
        case DType::f16:
            return 2;
        case DType::u64:
        case DType::i64:
        case DType::f64:
            return 8;
        case DType::u32:
        case DType::i32:
        case DType::f32:
            break;
    }
    return 4;
}

constexpr bool has_nan(DType type) { return type == DType::f16 || type == DType::f32 || type == DType::f64; }

// Element i of an array of that type.
inline const void* element(const void* array, DType type, std::int64_t i) {
    return static_cast<const char*>(array) + i * size_of(type);
}

template <class T>
struct TypeTag {
    using type = T;
};

template <class Call>  // call(TypeTag<T>{})
auto with_dtype(DType type, Call&& call) {
    switch (type) {
        case DType::boolean:
        case DType::u8:
            return call(TypeTag<std::uint8_t>{});
        case DType::i8:
            return call(TypeTag<std::int8_t>{});
        case DType::u16:
            return call(TypeTag<std::uint16_t>{});
        case DType::i16:
            return call(TypeTag<std::int16_t>{});
        case DType::u32:
            return call(TypeTag<std::uint32_t>{});
        case DType::i32:
            return call(TypeTag<std::int32_t>{});
        case DType::u64:
            return call(TypeTag<std::uint64_t>{});
        case DType::i64:
            return call(TypeTag<std::int64_t>{});
        case DType::f16:
            return call(TypeTag<Half>{});
        case DType::f64:
            return call(TypeTag<double>{});
        case DType::f32:
            break;
    }
    return call(TypeTag<float>{});
}

}  // namespace acpp::ranking
