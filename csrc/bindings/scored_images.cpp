#include "bindings/scored_images.h"

#include <optional>

#include "maps/finite_maps.h"
#include "maps/resized_scores.h"

namespace acpp::bind {

using namespace ranking;

DType dtype_of(const py::array& a, const std::string& name) {
    const py::dtype type = a.dtype();
    const char kind = type.kind();
    const auto size = type.itemsize();
    if (kind == 'b') return DType::boolean;
    if (kind == 'u' && size <= 8)
        return size == 1 ? DType::u8 : size == 2 ? DType::u16 : size == 4 ? DType::u32 : DType::u64;
    if (kind == 'i' && size <= 8)
        return size == 1 ? DType::i8 : size == 2 ? DType::i16 : size == 4 ? DType::i32 : DType::i64;
    if (kind == 'f' && size == 2) return DType::f16;
    if (kind == 'f' && size == 4) return DType::f32;
    if (kind == 'f' && size == 8) return DType::f64;
    throw InvalidType(name + " must hold bool, integer or floating-point values of at most 64 bits; got dtype " +
                      py::str(py::object(type)).cast<std::string>());
}

namespace {

struct Stack {  // one array as images
    const char* data;
    DType type;
    index_t images, height, width;
    index_t item, image_stride, row_stride;  // bytes
    bool series;                             // one row that may be cut, not an image
};

}  // namespace

static Stack stack_of(const py::array& a, const std::string& name) {
    const DType type = dtype_of(a, name);
    const index_t item = a.itemsize();
    if (a.size() == 0) throw InvalidArgument(name + " is empty; got shape " + shape_of(a));
    if (reinterpret_cast<std::uintptr_t>(a.data()) % static_cast<std::uintptr_t>(item) != 0)
        throw InvalidArgument(name + " must be aligned in memory; pass a copy");
    const auto* data = static_cast<const char*>(a.data());
    const auto d = a.ndim();
    if (d == 0 || d > 4 || (d == 4 && a.shape(1) != 1))
        throw InvalidArgument(name + " must have shape (n,), (h, w), (n, h, w) or (n, 1, h, w); got " + shape_of(a));
    const index_t width = a.shape(d - 1), height = d >= 2 ? a.shape(d - 2) : 1, images = d >= 3 ? a.shape(0) : 1;
    const index_t row = height > 1 ? a.strides(d - 2) : width * item;
    const index_t image = images > 1 ? a.strides(0) : height * row;
    const bool rows_ok = width == 1 || a.strides(d - 1) == item;
    if (!rows_ok || row < width * item || row % item != 0 || image < 0 || image % item != 0)
        throw InvalidArgument(name + " must have contiguous rows; got strides " +
                              py::str(a.attr("strides")).cast<std::string>());
    if (height > UINT32_MAX || width > UINT32_MAX)
        throw InvalidArgument(name + " must have fewer than 2^32 rows and columns; got " + shape_of(a));
    return {data, type, images, height, width, item, image, row, d == 1};
}

static bool same_shape(const Stack& a, const Stack& b) {
    return a.images == b.images && a.height == b.height && a.width == b.width;
}

static void append(ScoredImages& input, const std::optional<Stack>& scores, const std::optional<Stack>& labels) {
    constexpr index_t row_limit = index_t{1} << 16;  // a long series is cut, so that threads can share it
    const Stack& shape = scores ? *scores : *labels;
    for (index_t i = 0; i < shape.images; ++i)
        for (index_t x = 0; x < shape.width; x += shape.series ? row_limit : shape.width) {
            ScoredImage image{};
            image.height = shape.height;
            image.width = shape.series ? std::min(row_limit, shape.width - x) : shape.width;
            if (scores) {
                image.scores = scores->data + i * scores->image_stride + x * scores->item;
                image.score_stride = scores->height > 1 ? scores->row_stride / scores->item : image.width;
            }
            if (labels) {
                image.labels = labels->data + i * labels->image_stride + x * labels->item;
                image.label_stride = labels->height > 1 ? labels->row_stride / labels->item : image.width;
            }
            input.images.push_back(image);
        }
}

static std::string shape_text(const py::object& array) { return py::str(array.attr("shape")).cast<std::string>(); }

static void require_one_dtype(const ScoredImages& input, const std::optional<Stack>& s, const std::optional<Stack>& l,
                              const std::string& where) {
    if ((s && s->type != input.score_type) || (l && l->type != input.label_type))
        throw InvalidType(input.score_name + " and " + input.label_name +
                          " must each have one dtype throughout the list; image" + where + " differs");
}

static void append_pair(ScoredImages& input, const py::object& scores, const py::object& labels, bool first,
                        const std::string& where) {
    std::optional<Stack> s, l;
    if (!scores.is_none()) s = stack_of(py::reinterpret_borrow<py::array>(scores), input.score_name + where);
    if (!labels.is_none()) l = stack_of(py::reinterpret_borrow<py::array>(labels), input.label_name + where);
    if (s && l && !same_shape(*s, *l))
        throw InvalidArgument(input.label_name + where + " has shape " + shape_text(labels) + " but " +
                              input.score_name + where + " has shape " + shape_text(scores) + "; resize one of them");
    if (!first) require_one_dtype(input, s, l, where);
    if (s) input.score_type = s->type;
    if (l) input.label_type = l->type;
    append(input, s, l);
}

namespace {

// Appends pairs whose maps are resized.
template <class T>
class Resizer {
  public:
    Resizer(ScoredImages& input, maps::Mode mode) : input_(input), mode_(mode) {
        input.score_type = std::is_same_v<T, double> ? DType::f64 : DType::f32;
        input.made = made_;
    }
    void append(const py::object& scores, const py::object& labels, bool first, const std::string& where) {
        const Stack s = stack_of(py::reinterpret_borrow<py::array>(scores), input_.score_name + where);
        const Stack l = stack_of(py::reinterpret_borrow<py::array>(labels), input_.label_name + where);
        if (first) input_.label_type = l.type;
        require_one_dtype(input_, s, l, where);
        if (s.images != l.images)
            throw InvalidArgument(input_.label_name + where + " has shape " + shape_text(labels) + " but " +
                                  input_.score_name + where + " has shape " + shape_text(scores) +
                                  "; there must be as many maps as masks");
        const index_t item = sizeof(T);
        maps::require_finite_maps(ImageStackView<const T>{reinterpret_cast<const T*>(s.data), s.images, s.height,
                                                          s.width, s.image_stride / item, s.row_stride / item},
                                  (input_.score_name + where).c_str(), RunOptions{1, {}, {}});
        for (index_t i = 0; i < s.images; ++i)
            made_->add(
                {reinterpret_cast<const T*>(s.data + i * s.image_stride), s.height, s.width, s.row_stride / item},
                l.height, l.width, mode_);
        bind::append(input_, std::nullopt, l);
    }

  private:
    ScoredImages& input_;
    maps::Mode mode_;
    std::shared_ptr<maps::ResizedScores<T>> made_ = std::make_shared<maps::ResizedScores<T>>();
};

}  // namespace

// append(scores, labels, first, where) of every pair of arrays, one of which may be none.
template <class Append>
static void for_pairs(const py::object& scores, const py::object& labels, const std::string& score_name,
                      const std::string& label_name, Append&& append) {
    if (!py::isinstance<py::list>(scores.is_none() ? labels : scores)) return append(scores, labels, true, "");
    const py::list none;
    const auto s = scores.is_none() ? none : py::reinterpret_borrow<py::list>(scores);
    const auto l = labels.is_none() ? none : py::reinterpret_borrow<py::list>(labels);
    const std::size_t n = std::max(s.size(), l.size());
    if (!scores.is_none() && !labels.is_none() && s.size() != l.size())
        throw InvalidArgument(label_name + " has " + std::to_string(l.size()) + " images but " + score_name + " has " +
                              std::to_string(s.size()));
    for (std::size_t i = 0; i < n; ++i)
        append(scores.is_none() ? py::object(py::none()) : py::object(s[i]),
               labels.is_none() ? py::object(py::none()) : py::object(l[i]), i == 0,
               std::string("[").append(std::to_string(i)).append("]"));  // operator+ trips GCC 12's -Wrestrict
}

template <class T>
static void append_resized(ScoredImages& input, const ResizedMaps& maps, const py::object& labels) {
    Resizer<T> resizer(input, maps.mode);
    for_pairs(maps.maps, labels, input.score_name, input.label_name,
              [&](const py::object& s, const py::object& l, bool first, const std::string& where) {
                  resizer.append(s, l, first, where);
              });
}

ScoredImages scored_images(const py::object& scores, const py::object& labels, const std::string& score_name,
                           const std::string& label_name) {
    ScoredImages input;
    input.score_name = score_name;
    input.label_name = label_name;
    if (py::isinstance<ResizedMaps>(scores)) {
        const auto& maps = scores.cast<const ResizedMaps&>();
        const bool list = py::isinstance<py::list>(maps.maps);
        const py::object any = list ? py::object(maps.maps[py::int_(0)]) : maps.maps;
        if (is_dtype<double>(py::reinterpret_borrow<py::array>(any)))
            append_resized<double>(input, maps, labels);
        else
            append_resized<float>(input, maps, labels);
        return input;
    }
    for_pairs(scores, labels, score_name, label_name,
              [&](const py::object& s, const py::object& l, bool first, const std::string& where) {
                  append_pair(input, s, l, first, where);
              });
    return input;
}

}  // namespace acpp::bind
