#include "guest/agent/guest_machine.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/random.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

#include <cstring>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"
#include "guest/agent/secrets/secret_directory.h"
#include "guest/agent/shell_command.h"

namespace pyro::agent {
namespace {

void set_clock(std::uint64_t realtime_ns) {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  const timespec now{.tv_sec = static_cast<time_t>(realtime_ns / kSecond),
                     .tv_nsec = static_cast<long>(realtime_ns % kSecond)};
  if (::clock_settime(CLOCK_REALTIME, &now) != 0) throw system_error("clock_settime");
}

/// Machines restored from one template would else draw the same numbers.
void reseed(std::string_view seed) {
  const UniqueFd device = open_file("/dev/urandom", O_RDWR);
  std::vector<char> request(sizeof(rand_pool_info) + seed.size());
  rand_pool_info header{};
  header.entropy_count = static_cast<int>(seed.size() * 8);
  header.buf_size = static_cast<int>(seed.size());
  std::memcpy(request.data(), &header, sizeof header);
  std::memcpy(request.data() + sizeof header, seed.data(), seed.size());
  if (::ioctl(device.get(), RNDADDENTROPY, request.data()) != 0) {
    throw system_error("RNDADDENTROPY");
  }
  if (::ioctl(device.get(), RNDRESEEDCRNG) != 0) throw system_error("RNDRESEEDCRNG");
}

/// A small text of the image, symbolic links followed: within the guest all is its own.
class TextFile {
 public:
  explicit TextFile(const char* path)
      : path_(path), file_(open_file(path, O_RDWR | O_CREAT, 0644)) {
    with_context(path_, [this] { text_ = read_to_end(file_.get(), kLimitBytes + 1); });
  }

  const std::string& text() const {
    if (text_.size() <= kLimitBytes) return text_;
    throw invalid_argument("'{}' is larger than {} bytes", path_, kLimitBytes);
  }

  /// In place: what was truncated first, ext4 allocates and writes back when it is closed.
  void replace(std::string_view text) {
    if (text == text_) return;
    with_context(path_, [&] {
      if (::lseek(file_.get(), 0, SEEK_SET) != 0) throw system_error("lseek");
      write_all(file_.get(), text);
      if (text.size() < text_.size() &&
          ::ftruncate(file_.get(), static_cast<off_t>(text.size())) != 0) {
        throw system_error("ftruncate");
      }
    });
  }

 private:
  static constexpr std::uint64_t kLimitBytes = 1U << 20U;

  const char* path_;
  UniqueFd file_;
  std::string text_;
};

void set_host_name(const std::string& name) {
  constexpr std::string_view kOurs = "127.0.1.1";
  if (::sethostname(name.data(), name.size()) != 0) throw system_error("sethostname");
  TextFile("/etc/hostname").replace(name + "\n");
  TextFile hosts("/etc/hosts");
  const std::string there = hosts.text().empty() ? "127.0.0.1\tlocalhost" : hosts.text();
  std::string changed;
  for (const auto& line : split(trim(there), '\n')) {
    if (!line.starts_with(kOurs)) changed += line + "\n";
  }
  hosts.replace(fmt::format("{}{}\t{}\n", changed, kOurs, name));
}

void check_names(const api::agent::Personalize& identity) {
  constexpr std::string_view kNameCharacters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
  if (identity.host_name.find_first_not_of(kNameCharacters) != std::string::npos) {
    throw invalid_argument("host_name may hold letters, digits, '.' and '-' only");
  }
  const std::string& id = identity.machine_id;
  if (!id.empty() &&
      (id.size() != 32 || id.find_first_not_of("0123456789abcdef") != std::string::npos)) {
    throw invalid_argument("machine_id must be 32 lower-case hex digits");
  }
}

}  // namespace

void GuestMachine::personalize(const api::agent::Personalize& identity) {
  check_names(identity);
  if (identity.realtime_ns != 0) set_clock(identity.realtime_ns);
  if (!identity.random_seed.data.empty()) reseed(identity.random_seed.data);
  set_host_name(identity.host_name);
  if (!identity.machine_id.empty()) TextFile("/etc/machine-id").replace(identity.machine_id + "\n");
}

void GuestMachine::configure_network(const api::agent::ConfigureNetwork& wanted) {
  card_.configure(wanted);
  mirrors_.set(wanted.addresses.empty() ? std::vector<api::agent::PackageMirror>()
                                        : wanted.package_mirrors);
}

api::agent::JobConnections GuestMachine::connections(
    const api::agent::AskConnections& request) const {
  if (connections_ == nullptr) return {};
  return {.known = true, .connections = connections_->after(request.after_ns)};
}

void GuestMachine::trust_certificates(const api::agent::TrustCertificates& wanted) {
  trust_.set(wanted);
  ShellCommand::set_default_variables(trust_.variables());
}

void GuestMachine::install_secrets(const api::agent::InstallSecrets& request) {
  const std::string directory(api::agent::InstallSecrets::kDirectory);
  if (!has_secrets_mount_) {
    mount_for_secrets(directory);
    has_secrets_mount_ = true;
  }
  write_secrets(directory, request.secrets);
}

void GuestMachine::flush() noexcept {
  if (!workspace_.is_mounted()) return;
  for (const auto& volume : volumes_) ::syncfs(volume.get());
  workspace_.flush();
}

void GuestMachine::power_off() {
  ::kill(-1, SIGKILL);
  ::sync();
  // A frozen journal is empty and remains so: a dying process can write no more.
  for (const auto& volume : volumes_) ::ioctl(volume.get(), FIFREEZE, 0);
  workspace_.come_to_rest();
  // microvm has no ACPI to power off with: a reset ends QEMU, which runs with -no-reboot.
  ::reboot(RB_AUTOBOOT);
  ::_exit(1);
}

}  // namespace pyro::agent
