#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/base/files.h"
#include "common/base/text.h"
#include "common/process/pidfd.h"
#include "tests/service/vm/vm_service.h"
#include "tests/support/processes.h"

namespace pyro::vm {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;

/// To be read by another process: at an address that it is told.
const char kInMemory = 'x';

UniqueFd listening(int family, int type, const void* address, socklen_t size) {
  UniqueFd socket(::socket(family, type | SOCK_CLOEXEC, 0));
  if (!socket || ::bind(socket.get(), static_cast<const sockaddr*>(address), size) != 0) {
    throw system_error("bind");
  }
  if (type == SOCK_STREAM && ::listen(socket.get(), 8) != 0) throw system_error("listen");
  return socket;
}

UniqueFd listening(int type, const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  return listening(AF_UNIX, type, &address, sizeof address);
}

struct SharedMemory {
  int id = ::shmget(IPC_PRIVATE, 4096, 0600);
  ~SharedMemory() { ::shmctl(id, IPC_RMID, nullptr); }
};

/// The VMM is a program that a guest has taken over (captured_vmm.cc), and there is something to
/// steal.
class CapturedVmm : public VmService {
 protected:
  CapturedVmm() {
    fs::create_directories(stack_ / "home");
    write_file_atomically(stack_ / "home/secret", "key");
    write_file_atomically(stack_ / "other.ext4", "x");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    tcp_ = listening(AF_INET, SOCK_STREAM, &address, sizeof address);
    socklen_t size = sizeof address;
    ::getsockname(tcp_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    tell("port", std::to_string(ntohs(address.sin_port)));
    tell("home", (stack_ / "home").string());
    tell("other_disk", (stack_ / "other.ext4").string());
    tell("stream_socket", (stack_ / "stream").string());
    tell("datagram_socket", (stack_ / "datagram").string());
    tell("pid", std::to_string(::getpid()));
    tell("victim", std::to_string(victim_.pid()));
    tell("address", std::to_string(reinterpret_cast<std::uintptr_t>(&kInMemory)));
    tell("shared_memory", std::to_string(memory_.id));
    settings_["PYRO_VM_QEMU"] = vmm().string();
    settings_["PYRO_VM_CONFINEMENT"] = "auto";
    settings_["PYRO_TEST_SECRET"] = "token";
  }
  ~CapturedVmm() override {
    // Interrupts the start, and ends shim and VMM.
    error_of([&] { call(api::DeleteMachine{.vm_id = vm_id_}); });
    if (starting_.valid()) starting_.wait();
  }

  static fs::path vmm() {
    return fs::read_symlink("/proc/self/exe").parent_path() / "captured_vmm";
  }

  void tell(const std::string& key, const std::string& value) {
    told_ += key + " " + value + "\n";
    write_file_atomically(stack_ / "environment/rootfs.ext4", told_);
  }

  /// Starts a machine whose VMM does its worst, and returns what it said. No agent answers there:
  /// the start waits meanwhile.
  std::string worst() {
    restart();
    vm_id_ = create().vm_id;
    starting_ = std::async(std::launch::async,
                           [this] { error_of([&] { call(api::StartMachine{.vm_id = vm_id_}); }); });
    EXPECT_TRUE(test::soon([&] { return said().find("\nend\n") != std::string::npos; })) << said();
    return said();
  }
  std::string said() const { return read_tail(directory_of(vm_id_) / "vmm.log", 1U << 16U); }

  static std::vector<std::string> done(const std::string& text) {
    std::vector<std::string> names;
    for (const auto& line : split(text, '\n')) {
      if (line.starts_with("done ")) names.push_back(line.substr(5));
    }
    return names;
  }

  /// The process of that program that has this stack's files on its command line.
  std::optional<pid_t> process(const std::string& name) const {
    const auto found = pyro::testing::processes_of(stack_.paths().state_dir, name);
    return found.empty() ? std::nullopt : std::optional(found.front());
  }

  std::string vm_id_;

 private:
  std::string told_;
  UniqueFd tcp_;
  UniqueFd stream_ = listening(SOCK_STREAM, stack_ / "stream");
  UniqueFd datagram_ = listening(SOCK_DGRAM, stack_ / "datagram");
  SharedMemory memory_;
  /// To be traced, which stops it at its next signal.
  ChildProcess victim_{{.argv = {"sleep", "1000"}}};
  std::future<void> starting_;
};

/// What the other tests see refused is there to be had.
TEST_F(CapturedVmm, can_do_what_its_user_can_when_it_is_not_confined) {
  settings_["PYRO_VM_CONFINEMENT"] = "off";
  tell("exec", "yes");
  const std::string text = worst();
  EXPECT_THAT(done(text), IsSupersetOf({"own_disk",
                                        "root_disk",
                                        "read_home",
                                        "write_home",
                                        "make_in_home",
                                        "list_home",
                                        "other_machines_disk",
                                        "write_root_disk",
                                        "make_beside_its_disks",
                                        "replace_its_disk",
                                        "environment",
                                        "tcp",
                                        "unix_socket",
                                        "datagram",
                                        "netlink",
                                        "proc",
                                        "ptrace",
                                        "memory",
                                        "descriptor",
                                        "signal",
                                        "shared_memory",
                                        "live_on",
                                        "fork"}))
      << text;
  EXPECT_TRUE(test::soon([&] { return said().find("done execve") != std::string::npos; }));
}

TEST_F(CapturedVmm, has_its_disks_and_nothing_else_when_it_is_confined) {
  const std::string text = worst();
  EXPECT_THAT(done(text), ElementsAre("own_disk", "root_disk")) << text;
  EXPECT_EQ(call(api::GetCapabilities{}).confinement, "full");
  EXPECT_EQ(read_file(stack_ / "home/secret"), "key");
  EXPECT_FALSE(fs::exists(directory_of(vm_id_) / "made"));
}

/// Where a host has no user namespaces for ordinary users.
TEST_F(CapturedVmm, has_its_disks_and_nothing_else_without_namespaces) {
  const fs::path service = fs::read_symlink("/proc/self/exe").parent_path() / "pyro-vm";
  write_file_atomically(stack_ / "no-namespaces",
                        fmt::format("#!/bin/sh\n"
                                    "exec unshare --map-root-user sh -c '\n"
                                    "  echo 0 > /proc/sys/user/max_user_namespaces\n"
                                    "  exec \"$0\" \"$@\"' '{}' \"$@\"\n",
                                    service.string()),
                        0700);
  program_ = (stack_ / "no-namespaces").string();
  const std::string text = worst();
  EXPECT_THAT(done(text), ElementsAre("own_disk", "root_disk")) << text;
  const api::HostCapabilities host = call(api::GetCapabilities{});
  EXPECT_EQ(host.confinement, "landlock");
  EXPECT_THAT(host.confinement_reason, HasSubstr("namespaces do not work: clone"));
}

TEST_F(CapturedVmm, is_killed_when_it_starts_a_program) {
  tell("exec", "yes");
  worst();
  // The shim ends with it, and the service tries the boot once more.
  EXPECT_TRUE(test::soon([&] {
    return read_tail(stack_.paths().logs_dir() / "vm.log", 1U << 16U).find("boot, try 1 of 2") !=
           std::string::npos;
  }));
  EXPECT_THAT(said(), AllOf(HasSubstr("\nend\nshim: "), Not(HasSubstr("execve"))));
}

TEST_F(CapturedVmm, ends_with_its_shim_and_blocks_what_a_logout_sends) {
  worst();
  const auto vmm = process("captured_vmm");
  const auto shim = process("pyro-vm-shim");
  ASSERT_TRUE(vmm && shim);
  const UniqueFd vmm_end = open_pidfd(*vmm);
  ::kill(*vmm, SIGTERM);
  ::kill(*vmm, SIGHUP);
  EXPECT_FALSE(wait_for(vmm_end.get(), POLLIN, Clock::now(), StopFd({})));
  ::kill(*shim, SIGKILL);
  EXPECT_TRUE(wait_for(vmm_end.get(), POLLIN, Clock::now() + std::chrono::seconds(30), StopFd({})));
}

TEST_F(CapturedVmm, that_ends_ends_its_shim) {
  worst();
  const auto vmm = process("captured_vmm");
  const auto shim = process("pyro-vm-shim");
  ASSERT_TRUE(vmm && shim);
  const UniqueFd shim_end = open_pidfd(*shim);
  ::kill(*vmm, SIGKILL);
  EXPECT_TRUE(
      wait_for(shim_end.get(), POLLIN, Clock::now() + std::chrono::seconds(30), StopFd({})));
}

}  // namespace
}  // namespace pyro::vm
