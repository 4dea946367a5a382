// Stands in for libFuzzer's main: runs a target on files, or on pseudo-random inputs, under libFuzzer's own options
// -runs=N, -seed=N, -max_len=N and -max_total_time=SECONDS. The input of a crash is left in crash-<seed>-<run>.
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
// Present under AddressSanitizer, which ends the process without a signal.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace {

std::vector<std::uint8_t> input;
unsigned long long seed = 1, runs = 1000, longest = 1024, seconds = 0, run = 0;

void keep_input() {
    char name[64];
    std::snprintf(name, sizeof name, "crash-%llu-%llu", seed, run);
    if (std::FILE* file = std::fopen(name, "wb")) {
        std::fwrite(input.data(), 1, input.size(), file);
        std::fclose(file);
        std::fprintf(stderr, "the input is in %s\n", name);
    }
}

bool option(const char* argument, const char* name, unsigned long long& value) {
    const std::size_t n = std::strlen(name);
    if (std::strncmp(argument, name, n) != 0) return false;
    value = std::strtoull(argument + n, nullptr, 10);
    return true;
}

bool run_file(const char* name) {
    std::FILE* file = std::fopen(name, "rb");
    if (file == nullptr) return false;
    input.clear();
    for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) input.push_back(static_cast<std::uint8_t>(c));
    std::fclose(file);
    LLVMFuzzerTestOneInput(input.data(), input.size());
    return true;
}

// Lengths of every size; bytes from the whole range or from a few values, which makes ties and constants.
void draw_input() {
    std::mt19937_64 next((seed << 32) + run);
    const std::uint64_t most = longest >> (next() % 6), kind = next() % 4, few = 1 + next() % 8;
    input.resize(static_cast<std::size_t>(next() % (most + 1)));
    for (std::uint8_t& byte : input)
        byte = static_cast<std::uint8_t>(kind == 0 ? next() % few : kind == 1 ? next() % 2 * 255 : next());
}

}  // namespace

int main(int argc, char** argv) {
    bool files = false;
    for (int i = 1; i < argc; ++i) {
        if (option(argv[i], "-runs=", runs) || option(argv[i], "-seed=", seed) ||
            option(argv[i], "-max_len=", longest) || option(argv[i], "-max_total_time=", seconds))
            continue;
        files = true;
        if (argv[i][0] == '-' || !run_file(argv[i])) {
            std::fprintf(stderr, "neither an option nor a file that can be read: %s\n", argv[i]);
            return 2;
        }
    }
    if (files) return 0;
    if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(keep_input);
    std::signal(SIGABRT, [](int) { keep_input(); });
    const auto start = std::chrono::steady_clock::now();
    const auto out_of_time = [&] {
        return seconds > 0 && std::chrono::steady_clock::now() - start > std::chrono::seconds(seconds);
    };
    for (; seconds > 0 ? !out_of_time() : run < runs; ++run) {
        draw_input();
        LLVMFuzzerTestOneInput(input.data(), input.size());
    }
    std::printf("%llu inputs\n", run);
}
