#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace pyro::cli {

/// `vm.log`, but not `vm.1.log`, which is an older part of it.
bool is_log(const std::filesystem::path& file);

/// The last `count` whole lines of a log file; none when it does not exist.
std::vector<std::string> last_lines(const std::filesystem::path& file, std::size_t count);

/// Hands on what is added to `<service>.log` files of a directory from now on, a line at a time.
/// Waits by inotify; a rotated file is read on from its start.
class LogFollower {
 public:
  using OnLine = std::function<void(const std::string& service, std::string_view line)>;

  /// Follows `services`, or all there are and will be when it is empty.
  LogFollower(std::filesystem::path directory, std::vector<std::string> services);
  /// Until a stop, which ends it without an error.
  void follow(const std::stop_token& stop, const OnLine& on_line);

 private:
  struct Position {
    std::uint64_t inode = 0;
    std::uint64_t offset = 0;
    std::string partial{};
  };
  bool wanted(const std::string& service) const;
  void read_new(const OnLine& on_line);

  std::filesystem::path directory_;
  std::vector<std::string> services_;
  std::map<std::string, Position> positions_;
};

}  // namespace pyro::cli
