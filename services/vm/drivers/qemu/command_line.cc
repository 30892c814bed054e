#include "services/vm/drivers/qemu/command_line.h"

#include <fmt/format.h>

#include "services/vm/shim/shim_spec.h"

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
  if (plan.tsc_khz) words += fmt::format(" tsc_early_khz={}", *plan.tsc_khz);
  if (!plan.disks) words += " pyro.probe";
  return words;
}

/// Under TCG, QEMU keeps what it has translated, by default up to 1 GiB of it. A boot and a few
/// commands make some 60 MiB; beyond the limit it starts anew.
std::string accelerator_words(Accelerator accelerator) {
  constexpr int kTranslationsMib = 128;
  if (accelerator == Accelerator::kKvm) return "kvm";
  return fmt::format("tcg,tb-size={}", kTranslationsMib);
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

}  // namespace

std::string to_string(Accelerator accelerator) {
  return accelerator == Accelerator::kKvm ? "kvm" : "tcg";
}

std::vector<std::string> command_line(const Plan& plan) {
  std::vector<std::string> words = {
      plan.program,
      "-M",
      "microvm,rtc=on,memory-backend=ram0",
      "-accel",
      accelerator_words(plan.accelerator),
      "-cpu",
      plan.accelerator == Accelerator::kKvm ? "host" : "max",
      "-m",
      fmt::format("{}M", plan.mem_mib),
      "-smp",
      std::to_string(plan.vcpu_count),
      "-object",
      fmt::format("memory-backend-ram,id=ram0,size={}M", plan.mem_mib),
      "-nodefaults",
      "-no-user-config",
      "-display",
      "none",
      "-no-reboot",
      "-sandbox",
      "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
      "-kernel",
      plan.kernel.string(),
      "-initrd",
      plan.initramfs.string(),
      "-append",
      kernel_words(plan),
      "-chardev",
      fmt::format("file,id=console,path={}", option_path(plan.console_log)),
      "-serial",
      "chardev:console",
  };
  if (plan.disks) {
    add_disk(words, "root", plan.disks->rootfs, Access::kReadOnly);
    add_disk(words, "system", plan.disks->system, Access::kReadWrite);
    add_disk(words, "workspace", plan.disks->workspace, Access::kReadWrite);
  }
  words.insert(words.end(), {"-device", "virtio-serial-device,max_ports=4", "-chardev",
                             fmt::format("socket,id=link,fd={}", kLinkFd), "-device",
                             "virtserialport,chardev=link,name=pyro.agent"});
  return words;
}

}  // namespace pyro::vm::qemu
