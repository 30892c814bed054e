#include "services/workspace/shells/plain.h"

#include <vterm.h>

#include <algorithm>
#include <deque>
#include <limits>
#include <memory>

#include "common/base/error.h"

namespace pyro::workspace {
namespace {

/// Cells that the bytes may move or fill, beyond what a screen of text needs: a few bytes can fill
/// and scroll a whole screen. A second of work at most.
constexpr std::uint64_t kMostCells = 30'000'000;
/// Moving a cell is so much less work than filling it.
constexpr std::uint64_t kMovedPerFilled = 128;
/// Of what is left then, its end is shown.
constexpr std::size_t kLastBytes = 4096;
constexpr std::size_t kBytesPerStep = 512;
/// A wide character has no place in fewer, and libvterm writes it nevertheless.
constexpr int kLeastCols = 2;
/// Of lines that scrolled away the last are kept.
constexpr std::size_t kMostScrolledBytes = 8U << 20U;

void append_utf8(std::string& out, std::uint32_t character) {
  const auto add = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  const bool is_none = character > 0x10FFFF || (character >= 0xD800 && character <= 0xDFFF);
  if (is_none) character = 0xFFFD;
  if (character < 0x80) return add(character);
  if (character < 0x800) {
    add(0xC0U | character >> 6U);
  } else if (character < 0x10000) {
    add(0xE0U | character >> 12U);
    add(0x80U | (character >> 6U & 0x3FU));
  } else {
    add(0xF0U | character >> 18U);
    add(0x80U | (character >> 12U & 0x3FU));
    add(0x80U | (character >> 6U & 0x3FU));
  }
  add(0x80U | (character & 0x3FU));
}

/// The second column of a wide character.
constexpr std::uint32_t kBehindWide = std::numeric_limits<std::uint32_t>::max();

void append_cell(std::string& line, const VTermScreenCell& cell) {
  if (cell.chars[0] == kBehindWide) return;
  // Controls never reach a cell as themselves.
  if (cell.chars[0] < 0x20 || cell.chars[0] == 0x7F) return line.push_back(' ');
  for (const std::uint32_t character : cell.chars) {
    if (character == 0) return;
    append_utf8(line, character);
  }
}

std::string without_end(std::string line) {
  line.resize(line.find_last_not_of(' ') + 1);
  return line;
}

/// Takes from control sequences what makes libvterm loop for long or for ever: numbers beyond all
/// measure, and a repetition (REP) of what is no character of one column.
class Tamer {
 public:
  std::string take(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size());
    for (const char c : bytes) take_byte(static_cast<unsigned char>(c), out);
    return out;
  }

 private:
  static constexpr int kMostDigits = 4;
  static constexpr unsigned char kEscape = 0x1B;
  static constexpr unsigned char kCancel = 0x18;
  static constexpr unsigned char kSubstitute = 0x1A;

  void take_byte(unsigned char byte, std::string& out) {
    if (byte == kEscape || byte == kCancel || byte == kSubstitute) {
      state_ = byte == kEscape ? State::kEscape : State::kText;
    } else if (state_ == State::kText) {
      repeatable_ = byte >= 0x20 && byte < 0x7F;
    } else if (state_ == State::kEscape && byte >= 0x20) {
      state_ = byte == '[' ? State::kSequence : State::kText;
      digits_ = 0;
    } else if (state_ == State::kSequence && byte >= '0' && byte <= '9') {
      if (++digits_ > kMostDigits) return;
    } else if (state_ == State::kSequence && byte >= 0x20) {
      // Controls within a sequence do not end its number.
      digits_ = 0;
      if (byte >= 0x40) {
        state_ = State::kText;
        // As a color it does no harm.
        if (byte == 'b' && !repeatable_) byte = 'm';
        repeatable_ = false;
      }
    }
    out += static_cast<char>(byte);
  }

  enum class State { kText, kEscape, kSequence };
  State state_ = State::kText;
  int digits_ = 0;
  bool repeatable_ = false;
};

/// A terminal, and the rows that changed since `mark`. Rows are numbered from the first that ever
/// was, so that a scrolled row keeps its number.
class Screen {
 public:
  explicit Screen(TerminalSize size)
      : rows_(static_cast<int>(size.rows)),
        cols_(std::max(static_cast<int>(size.cols), kLeastCols)),
        terminal_(vterm_new(rows_, cols_), &vterm_free) {
    if (!terminal_) throw internal_error("no memory for a terminal of {}x{}", cols_, rows_);
    vterm_set_utf8(terminal_.get(), 1);
    screen_ = vterm_obtain_screen(terminal_.get());
    vterm_screen_enable_altscreen(screen_, 1);
    vterm_screen_set_callbacks(screen_, &kCallbacks, this);
    vterm_screen_reset(screen_, 1);
  }

  void write(std::string_view untamed) {
    const std::string tamed = tamer_.take(untamed);
    std::string_view bytes = tamed;
    std::uint64_t& cells = marked_ ? cells_ : cells_before_;
    while (!bytes.empty()) {
      if (cells > kMostCells && bytes.size() > kLastBytes) {
        bytes.remove_prefix(bytes.size() - kLastBytes);
      }
      const std::string_view step = bytes.substr(0, kBytesPerStep);
      vterm_input_write(terminal_.get(), step.data(), step.size());
      bytes.remove_prefix(step.size());
    }
  }

  /// From here on changes count.
  void mark() {
    marked_ = true;
    first_changed_ = kNone;
  }

  std::string text() const {
    std::string out;
    if (!alternate_) {
      for (const auto& line : scrolled_) out.append(line).push_back('\n');
    }
    if (!alternate_ && first_changed_ == kNone) return out;
    const std::uint64_t first = alternate_ || first_changed_ < scrolled_count_
                                    ? 0
                                    : std::min<std::uint64_t>(first_changed_ - scrolled_count_,
                                                              static_cast<std::uint64_t>(rows_));
    std::string screen;
    for (int row = static_cast<int>(first); row < rows_; ++row) {
      screen.append(row_text(row)).push_back('\n');
    }
    screen.resize(screen.find_last_not_of('\n') + 1);
    return out + screen;
  }

 private:
  static constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();

  std::string row_text(int row) const {
    std::string line;
    VTermScreenCell cell{};
    for (int col = 0; col < cols_; ++col) {
      if (vterm_screen_get_cell(screen_, {row, col}, &cell) != 0) append_cell(line, cell);
    }
    return without_end(std::move(line));
  }

  static std::uint64_t cells_of(const VTermRect& rect) {
    return static_cast<std::uint64_t>(std::max(rect.end_row - rect.start_row, 0)) *
           static_cast<std::uint64_t>(std::max(rect.end_col - rect.start_col, 0));
  }
  void count(std::uint64_t cells) { (marked_ ? cells_ : cells_before_) += cells; }

  void changed(const VTermRect& rect) {
    count(cells_of(rect));
    const auto row = static_cast<std::uint64_t>(std::max(rect.start_row, 0));
    if (!alternate_) first_changed_ = std::min(first_changed_, scrolled_count_ + row);
  }

  /// A screen that scrolls as a whole moves its rows, which keep their numbers.
  void moved(const VTermRect& to, const VTermRect& from) {
    count(cells_of(to) / kMovedPerFilled);
    const bool scrolls = from.end_row == rows_ && to.start_row == 0 && to.end_col == cols_ &&
                         to.start_col == 0 && !alternate_;
    if (!scrolls) changed(to);
  }

  void push(int cols, const VTermScreenCell* cells) {
    count(static_cast<std::uint64_t>(cols));
    const std::uint64_t number = scrolled_count_++;
    if (!marked_ || number < first_changed_) return;
    std::string line;
    for (int col = 0; col < cols; ++col) append_cell(line, cells[col]);
    scrolled_.push_back(without_end(std::move(line)));
    scrolled_bytes_ += scrolled_.back().size() + 1;
    while (scrolled_bytes_ > kMostScrolledBytes) {
      scrolled_bytes_ -= scrolled_.front().size() + 1;
      scrolled_.pop_front();
    }
  }

  static int on_damage(VTermRect rect, void* self) {
    static_cast<Screen*>(self)->changed(rect);
    return 1;
  }
  static int on_move(VTermRect to, VTermRect from, void* self) {
    static_cast<Screen*>(self)->moved(to, from);
    return 1;
  }
  static int on_property(VTermProp property, VTermValue* value, void* self) {
    if (property == VTERM_PROP_ALTSCREEN) {
      static_cast<Screen*>(self)->alternate_ = value->boolean != 0;
    }
    return 1;
  }
  static int on_push(int cols, const VTermScreenCell* cells, void* self) {
    static_cast<Screen*>(self)->push(cols, cells);
    return 1;
  }
  static constexpr VTermScreenCallbacks kCallbacks{.damage = on_damage,
                                                   .moverect = on_move,
                                                   .movecursor = nullptr,
                                                   .settermprop = on_property,
                                                   .bell = nullptr,
                                                   .resize = nullptr,
                                                   .sb_pushline = on_push,
                                                   .sb_popline = nullptr};

  Tamer tamer_;
  int rows_;
  int cols_;
  std::unique_ptr<VTerm, decltype(&vterm_free)> terminal_;
  VTermScreen* screen_ = nullptr;
  bool marked_ = false;
  bool alternate_ = false;
  std::uint64_t first_changed_ = kNone;
  std::uint64_t scrolled_count_ = 0;
  std::uint64_t cells_before_ = 0;
  std::uint64_t cells_ = 0;
  std::deque<std::string> scrolled_;
  std::size_t scrolled_bytes_ = 0;
};

}  // namespace

std::string plain_text(std::string_view before, std::string_view output, TerminalSize size) {
  Screen screen(size);
  screen.write(before);
  screen.mark();
  screen.write(output);
  return screen.text();
}

}  // namespace pyro::workspace
