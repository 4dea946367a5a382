#pragma once
// The public C structures of DLPack, versions 0.8 (unversioned) and 1.x (versioned): github.com/dmlc/dlpack.
// Field order and widths are the protocol.
#include <cstdint>

namespace acpp::dlpack {

enum DeviceType : std::int32_t { cpu = 1, cuda = 2, cuda_host = 3, cuda_managed = 13 };
enum TypeCode : std::uint8_t {
    signed_int = 0,
    unsigned_int = 1,
    floating = 2,
    bfloat = 4,
    complex_floating = 5,
    boolean = 6
};

struct Device {
    std::int32_t type;
    std::int32_t id;
};

struct DataType {
    std::uint8_t code;
    std::uint8_t bits;
    std::uint16_t lanes;
};

struct Tensor {
    void* data;
    Device device;
    std::int32_t ndim;
    DataType dtype;
    std::int64_t* shape;
    std::int64_t* strides;  // in elements; null means compact and row-major
    std::uint64_t byte_offset;
};

struct Managed {
    Tensor tensor;
    void* manager;
    void (*deleter)(Managed*);
};

struct Version {
    std::uint32_t major, minor;
};

struct ManagedVersioned {
    Version version;
    void* manager;
    void (*deleter)(ManagedVersioned*);
    std::uint64_t flags;
    Tensor tensor;
};

}  // namespace acpp::dlpack
