#include "services/vm/drivers/qemu/command_line.h"

#include <fmt/core.h>

#include <charconv>
#include <utility>

#include "common/confinement/installed_program.h"
#include "services/vm/drivers/link_fd.h"

namespace pyro::vm::qemu {
namespace {

enum class Access { kReadOnly, kReadWrite };

/// QEMU reads a comma as the end of an option's value unless it is doubled.
std::string option_path(const std::filesystem::path& path) {
  std::string out;
  for (const char c : path.string()) {
    out += c;
    if (c == ',') out += ',';
  }
  return out;
}

std::string kernel_words(const Plan& plan) {
  // reboot=t and panic=-1: with -no-reboot a guest that panics or reboots ends its VMM at once.
  std::string words = "console=ttyS0 quiet reboot=t panic=-1";
  // Pressure accounting costs at every switch between processes, and has no reader.
  words += " psi=0";
  if (plan.accelerator == Accelerator::kTcg) {
    // TCG keeps translated code by its address: a program at another address each time is
    // translated again each time, which was three quarters of what a short command took. The
    // guest's wall is the VMM, not the layout of addresses inside it.
    words += " norandmaps";
  }
  if (plan.tsc_khz) {
    // reliable: no watchdog compares it with a slower clock, which a busy host makes look wrong.
    words += fmt::format(" tsc_early_khz={} tsc=reliable", *plan.tsc_khz);
  }
  if (!plan.disks) words += " pyro.probe";
  return words;
}

/// Under TCG, QEMU keeps what it has translated, by default up to 1 GiB of it. A boot and a few
/// commands make some 60 MiB; beyond the limit it starts over.
std::string accelerator_words(Accelerator accelerator) {
  constexpr int kTranslationsMib = 128;
  if (accelerator == Accelerator::kKvm) return "kvm";
  return fmt::format("tcg,tb-size={}", kTranslationsMib);
}

/// TCG runs a string instruction element by element. A guest that sees ERMS copies and clears with
/// bytes, one that does not with words: a read(2) of zeros took 8.3 times, one of cached pages 4.9
/// times as long.
std::string_view processor(Accelerator accelerator) {
  return accelerator == Accelerator::kKvm ? "host" : "max,-erms";
}

/// A full host disk must not freeze the guest, as QEMU's default does: it sees an I/O error.
void add_disk(std::vector<std::string>& words, const std::string& name,
              const std::filesystem::path& file, Access access) {
  const std::string how = access == Access::kReadOnly ? "readonly=on,file.locking=off"
                                                      : "cache=writeback,discard=unmap";
  words.insert(
      words.end(),
      {"-drive", fmt::format("id={},file={},format=raw,if=none,{}", name, option_path(file), how),
       "-device",
       fmt::format("virtio-blk-device,drive={0},serial={0}{1}", name,
                   access == Access::kReadOnly ? "" : ",werror=report,rerror=report")});
}

std::string memory_words(const Plan& plan) {
  if (!plan.memory) return fmt::format("memory-backend-ram,id=ram0,size={}M", plan.mem_mib);
  std::string words =
      fmt::format("memory-backend-file,id=ram0,size={}M,mem-path={},share={}", plan.mem_mib,
                  option_path(plan.memory->path), plan.memory->restored() ? "off" : "on");
  if (plan.memory->use == MemoryFile::Use::kCopiedReadOnly) words += ",readonly=on,rom=off";
  return words;
}

/// The guest's start: a kernel, or a template.
void add_start(std::vector<std::string>& words, const Plan& plan) {
  if (plan.memory && plan.memory->restored()) {
    words.insert(words.end(), {"-incoming", "defer"});
  } else {
    words.insert(words.end(), {"-kernel", plan.kernel.string(), "-initrd", plan.initramfs.string(),
                               "-append", kernel_words(plan)});
  }
  if (plan.disks) {
    words.insert(words.end(), {"-chardev", fmt::format("socket,id=monitor,fd={}", kMonitorFd),
                               "-mon", "chardev=monitor,mode=control"});
  }
}

/// A network card without a way out: templates fit machines with a network only when they have the
/// same devices. Its announcement after a restore would be noise.
void add_network_card(std::vector<std::string>& words) {
  words.insert(words.end(), {"-netdev", "hubport,id=net,hubid=0", "-device",
                             "virtio-net-device,netdev=net,mac=52:54:00:70:79:72,"
                             "guest_announce=off"});
}

}  // namespace

bool can_map_read_only(std::string_view version) {
  constexpr std::string_view kBefore = "version ";
  const std::size_t at = version.find(kBefore);
  if (at == std::string_view::npos) return false;
  version.remove_prefix(at + kBefore.size());
  int major = 0;
  int minor = 0;
  const auto dot = std::from_chars(version.data(), version.data() + version.size(), major);
  if (dot.ec != std::errc() || dot.ptr == version.data() + version.size()) return false;
  std::from_chars(dot.ptr + 1, version.data() + version.size(), minor);
  return std::pair(major, minor) >= std::pair(8, 2);
}

std::vector<std::string> command_line(const Plan& plan) {
  std::vector<std::string> words = {
      plan.program,
      "-M",
      "microvm,rtc=on,memory-backend=ram0",
      "-accel",
      accelerator_words(plan.accelerator),
      "-cpu",
      std::string(processor(plan.accelerator)),
      "-m",
      fmt::format("{}M", plan.mem_mib),
      "-smp",
      std::to_string(plan.vcpu_count),
      "-object",
      memory_words(plan),
      "-nodefaults",
      "-no-user-config",
      "-display",
      "none",
      "-no-reboot",
      "-sandbox",
      "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
      "-chardev",
      fmt::format("socket,id=console,fd={}", kConsoleFd),
      "-serial",
      "chardev:console",
  };
  add_start(words, plan);
  if (plan.disks) {
    add_disk(words, "root", plan.disks->rootfs, Access::kReadOnly);
    add_disk(words, "system", plan.disks->system, Access::kReadWrite);
    add_disk(words, "workspace", plan.disks->workspace, Access::kReadWrite);
    add_network_card(words);
  }
  words.insert(words.end(), {"-device", "virtio-serial-device,max_ports=4", "-chardev",
                             fmt::format("socket,id=link,fd={}", kLinkFd), "-device",
                             "virtserialport,chardev=link,name=pyro.agent"});
  return words;
}

ConfinementPlan confinement(const Plan& plan, ConfinementForm form) {
  ConfinementPlan files{.form = form,
                        .programs = files_of_program(plan.program, {"qemu", "seabios"}),
                        .readable = {},
                        .writable = {},
                        .devices = {"/dev/null", "/dev/urandom"}};
  if (plan.accelerator == Accelerator::kKvm) files.devices.emplace_back("/dev/kvm");
  if (!plan.memory || !plan.memory->restored()) {
    files.readable = {plan.kernel, plan.initramfs};
  }
  if (plan.memory) {
    const bool only_read = plan.memory->use == MemoryFile::Use::kCopiedReadOnly;
    (only_read ? files.readable : files.writable).push_back(plan.memory->path);
  }
  if (plan.disks) {
    files.readable.push_back(plan.disks->rootfs);
    files.writable.insert(files.writable.end(), {plan.disks->system, plan.disks->workspace});
  }
  return files;
}

}  // namespace pyro::vm::qemu
