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

/// Reports each line that is added to the `<service>.log` files of a directory from now on. Waits
/// with inotify, and reads the file after a rotation from its start.
class LogFollower {
 public:
  using OnLine = std::function<void(const std::string& service, std::string_view line)>;

  /// Follows `services`; empty: all current and future ones.
  LogFollower(std::filesystem::path directory, std::vector<std::string> services);
  /// Returns on a stop, without an error.
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
