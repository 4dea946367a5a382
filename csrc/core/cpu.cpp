#include "core/cpu.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string>

#include "core/error.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace acpp {
namespace {

constexpr Isa all_levels[] = {Isa::baseline, Isa::avx2,          Isa::avx512,      Isa::avx512_vnni,
                              Isa::amx,      Isa::vnni_emulated, Isa::amx_emulated};

#if defined(__x86_64__)
struct Registers {
    unsigned a = 0, b = 0, c = 0, d = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf = 0) {
    Registers r;
    __get_cpuid_count(leaf, subleaf, &r.a, &r.b, &r.c, &r.d);
    return r;
}

unsigned long long xcr0() {
    unsigned low = 0, high = 0;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (static_cast<unsigned long long>(high) << 32) | low;
}

// Linux hands out the 8 KiB of tile state only to processes that ask.
bool request_tile_state() {
#if defined(__linux__)
    constexpr int arch_req_xcomp_perm = 0x1023, xfeature_xtiledata = 18;
    return syscall(SYS_arch_prctl, arch_req_xcomp_perm, xfeature_xtiledata) == 0;
#else
    return false;
#endif
}
#endif

std::vector<CpuFeature> read_features() {
    std::vector<CpuFeature> features;
#if defined(__x86_64__)
    const Registers one = cpuid(1), seven = cpuid(7), seven_one = cpuid(7, 1);
    const bool osxsave = one.c >> 27 & 1;
    const unsigned long long state = osxsave ? xcr0() : 0;
    const bool ymm = (state & 0x6) == 0x6, zmm = ymm && (state & 0xe0) == 0xe0;
    const bool tile_bits = (seven.d >> 24 & 1) && (state & 0x60000) == 0x60000;
    const bool tile = tile_bits && request_tile_state();
    features = {{"sse4.2", bool(one.c >> 20 & 1)},
                {"popcnt", bool(one.c >> 23 & 1)},
                {"avx2", ymm && (seven.b >> 5 & 1)},
                {"fma", ymm && (one.c >> 12 & 1)},
                {"f16c", ymm && (one.c >> 29 & 1)},
                {"bmi2", bool(seven.b >> 8 & 1)},
                {"avx512f", zmm && (seven.b >> 16 & 1)},
                {"avx512dq", zmm && (seven.b >> 17 & 1)},
                {"avx512bw", zmm && (seven.b >> 30 & 1)},
                {"avx512vl", zmm && (seven.b >> 31 & 1)},
                {"avx512_vnni", zmm && (seven.c >> 11 & 1)},
                {"avx512_bf16", zmm && (seven_one.a >> 5 & 1)},
                {"amx_tile", tile},
                {"amx_int8", tile && (seven.d >> 25 & 1)},
                {"amx_bf16", tile && (seven.d >> 22 & 1)}};
#endif
    return features;
}

bool has(std::initializer_list<std::string_view> names) {
    const auto features = cpu_features();
    return std::all_of(names.begin(), names.end(), [&](std::string_view wanted) {
        return std::any_of(features.begin(), features.end(),
                           [&](const CpuFeature& f) { return f.name == wanted && f.present; });
    });
}

// Everything that a level's compile flags imply is checked, not only its name's feature.
bool cpu_runs(Isa level) {
    switch (level) {
        case Isa::baseline:
        case Isa::vnni_emulated:
        case Isa::amx_emulated:
            return true;
        case Isa::avx2:
            return has({"sse4.2", "popcnt", "avx2", "fma", "f16c", "bmi2"});
        case Isa::avx512:
            return cpu_runs(Isa::avx2) && has({"avx512f", "avx512dq", "avx512bw", "avx512vl"});
        case Isa::avx512_vnni:
            return cpu_runs(Isa::avx512) && has({"avx512_vnni"});
        case Isa::amx:
            return cpu_runs(Isa::avx512_vnni) && has({"amx_tile", "amx_int8"});
    }
    return false;
}

bool compiled(Isa level) {
    switch (level) {
        case Isa::baseline:
            return true;
        case Isa::avx2:
        case Isa::avx512:
        case Isa::avx512_vnni:
        case Isa::amx:
#if defined(__x86_64__)
            return true;
#else
            return false;
#endif
        case Isa::vnni_emulated:
#if defined(ACPP_HAS_VNNI_EMULATED)
            return true;
#else
            return false;
#endif
        case Isa::amx_emulated:
#if defined(ACPP_HAS_AMX_EMULATED)
            return true;
#else
            return false;
#endif
    }
    return false;
}

constexpr int unset = -1;
std::atomic<int> chosen{unset};

Isa initial_isa() {
    const Isa best = detect_isa();
    const char* wanted = std::getenv("ANOMALIB_CPP_ISA");
    if (wanted == nullptr || *wanted == '\0') return best;
    const Isa level = isa_from_name(wanted);
    if (!compiled(level) || !cpu_runs(level))
        throw InvalidArgument(std::string("ANOMALIB_CPP_ISA=") + wanted + " is not available here; the best level is " +
                              std::string(name(best)));
    return level;
}

}  // namespace

std::vector<CpuFeature> cpu_features() {
    static const std::vector<CpuFeature> features = read_features();
    return features;
}

Isa detect_isa() {
    static const Isa best = [] {
        Isa level = Isa::baseline;
        for (Isa candidate : {Isa::avx2, Isa::avx512, Isa::avx512_vnni, Isa::amx})
            if (compiled(candidate) && cpu_runs(candidate)) level = candidate;
        return level;
    }();
    return best;
}

Isa active_isa() {
    int level = chosen.load(std::memory_order_relaxed);
    if (level == unset) {
        level = static_cast<int>(initial_isa());
        chosen.store(level, std::memory_order_relaxed);
    }
    return static_cast<Isa>(level);
}

void set_isa(Isa level) {
    if (!compiled(level)) throw InvalidArgument("level '" + std::string(name(level)) + "' is not part of this build");
    if (!cpu_runs(level))
        throw InvalidArgument("this CPU lacks level '" + std::string(name(level)) + "'; its best is '" +
                              std::string(name(detect_isa())) + "'");
    chosen.store(static_cast<int>(level), std::memory_order_relaxed);
}

std::vector<Isa> compiled_isas() {
    std::vector<Isa> levels;
    for (Isa level : all_levels)
        if (compiled(level)) levels.push_back(level);
    return levels;
}

std::string_view name(Isa level) {
    switch (level) {
        case Isa::baseline:
            return "baseline";
        case Isa::avx2:
            return "avx2";
        case Isa::avx512:
            return "avx512";
        case Isa::avx512_vnni:
            return "avx512-vnni";
        case Isa::amx:
            return "amx";
        case Isa::vnni_emulated:
            return "vnni-emulated";
        case Isa::amx_emulated:
            return "amx-emulated";
    }
    return "unknown";
}

Isa isa_from_name(std::string_view wanted) {
    std::string names;
    for (Isa level : all_levels) {
        if (name(level) == wanted) return level;
        if (compiled(level)) names += (names.empty() ? "'" : ", '") + std::string(name(level)) + "'";
    }
    throw InvalidArgument("level must be one of " + names + "; got '" + std::string(wanted) + "'");
}

}  // namespace acpp
