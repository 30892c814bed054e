#include "common/network/connection_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "common/api/json_codec.h"
#include "common/api/message_table.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/files.h"

namespace pyro::network {
namespace {

const std::string kLog{kConnectionLog};
const std::string kOlderLog = kLog + ".1";

/// A line that a kill or a full disk cut off is none.
std::optional<LogLine> line_of(std::string_view text) {
  try {
    return api::from_json_text<LogLine>(text, api::UnknownFields::kIgnore, "a line of the log");
  } catch (const Error&) {
    return std::nullopt;
  }
}

void take_lines(const std::filesystem::path& file, std::uint64_t after,
                std::vector<LogLine>& lines) {
  // A rotation may grow it by one line meanwhile.
  const std::string text = read_tail(file, 2 * kMostLogBytes);
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    if (end == std::string_view::npos) return;
    auto line = line_of(rest.substr(0, end));
    rest.remove_prefix(end + 1);
    if (line && line->number > after) lines.push_back(std::move(*line));
  }
}

}  // namespace

ConnectionLog::ConnectionLog(const std::filesystem::path& directory, std::uint64_t most_bytes)
    : directory_(open_file(directory, O_PATH | O_DIRECTORY)),
      most_bytes_(most_bytes),
      file_(::openat(directory_.get(), kLog.c_str(),
                     O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600)) {
  if (!file_) throw system_error(fmt::format("open '{}'", (directory / kLog).string()));
  const auto before = read_connection_log(directory, 0, 1);
  if (!before.empty()) next_ = before.back().number + 1;
  struct stat info {};
  if (::fstat(file_.get(), &info) != 0) throw system_error("fstat");
  size_ = static_cast<std::uint64_t>(info.st_size);
  // After a line that a kill cut off.
  char last = '\n';
  if (size_ > 0 && ::pread(file_.get(), &last, 1, static_cast<off_t>(size_ - 1)) == 1 &&
      last != '\n' && ::write(file_.get(), "\n", 1) == 1) {
    ++size_;
  }
}

std::uint64_t ConnectionLog::append(LogLine line) noexcept {
  line.number = next_++;
  if (line.verdict == Verdict::kOpened) line.connection = line.number;
  if (line.time == 0) line.time = now_epoch_seconds();
  try {
    const std::string text = api::to_json_text(line) + "\n";
    if (size_ + text.size() > most_bytes_ && size_ > 0) rotate();
    const ssize_t written = ::write(file_.get(), text.data(), text.size());
    if (written > 0) size_ += static_cast<std::uint64_t>(written);
  } catch (const std::exception&) {
    // No memory: the line is lost, and its number shows it.
  }
  return line.number;
}

void ConnectionLog::rotate() noexcept {
  if (::renameat(directory_.get(), kLog.c_str(), directory_.get(), kOlderLog.c_str()) != 0) {
    // Bounded all the same.
    if (::ftruncate(file_.get(), 0) == 0) size_ = 0;
    return;
  }
  UniqueFd fresh(::openat(directory_.get(), kLog.c_str(),
                          O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fresh) {
    if (::ftruncate(file_.get(), 0) == 0) size_ = 0;
    return;
  }
  file_ = std::move(fresh);
  size_ = 0;
}

std::vector<LogLine> read_connection_log(const std::filesystem::path& directory,
                                         std::uint64_t after, std::size_t most) {
  std::vector<LogLine> lines;
  take_lines(directory / kOlderLog, after, lines);
  take_lines(directory / kLog, after, lines);
  // A rotation between the two reads shows some lines twice, or in the second file alone.
  std::stable_sort(lines.begin(), lines.end(),
                   [](const LogLine& a, const LogLine& b) { return a.number < b.number; });
  lines.erase(std::unique(lines.begin(), lines.end(),
                          [](const LogLine& a, const LogLine& b) { return a.number == b.number; }),
              lines.end());
  if (lines.size() > most) {
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(most));
  }
  return lines;
}

}  // namespace pyro::network

PYRO_TABLE(pyro::network::LogLine)
