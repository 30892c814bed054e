// A VMM's end of its monitor (QMP), for a VMM that is no QEMU: `fake_monitor DIRECTORY` on
// descriptor 4. It agrees to each command and appends its line to `DIRECTORY/monitor`; where there
// is a file `DIRECTORY/refuse-COMMAND` it refuses. `DIRECTORY/descriptors` gets the type of each
// descriptor that it is passed.

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace {

constexpr int kMonitor = 4;

void say(const nlohmann::json& message) {
  const std::string line = message.dump() + "\r\n";
  static_cast<void>(::send(kMonitor, line.data(), line.size(), MSG_NOSIGNAL));
}

std::string type_of(int fd) {
  std::error_code failed;
  const auto target =
      std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), failed).string();
  return failed ? "unknown" : target.substr(0, target.find(':'));
}

/// More of what is said; false at its end.
bool hear(std::string& text, const std::filesystem::path& directory) {
  std::array<char, 4096> buffer{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  iovec data{.iov_base = buffer.data(), .iov_len = buffer.size()};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const ssize_t n = ::recvmsg(kMonitor, &header, MSG_CMSG_CLOEXEC);
  if (n <= 0) return false;
  if (const cmsghdr* rights = CMSG_FIRSTHDR(&header)) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(rights), sizeof fd);
    std::ofstream(directory / "descriptors", std::ios::app) << type_of(fd) << "\n";
    ::close(fd);
  }
  text.append(buffer.data(), static_cast<std::size_t>(n));
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::filesystem::path directory = argv[1];
  say({{"QMP", {{"version", nlohmann::json::object()}}}});
  for (std::string text; hear(text, directory);) {
    for (std::size_t end = 0; (end = text.find('\n')) != std::string::npos;
         text.erase(0, end + 1)) {
      const auto command = nlohmann::json::parse(text.substr(0, end));
      std::ofstream(directory / "monitor", std::ios::app) << text.substr(0, end) << "\n";
      if (std::filesystem::exists(directory / ("refuse-" + command.value("execute", "")))) {
        say({{"error", {{"class", "GenericError"}, {"desc", "refused by the test"}}}});
      } else {
        say({{"return", nlohmann::json::object()}});
      }
    }
  }
}
