#pragma once

#include <cstdint>
#include <string>

#include "common/api/field.h"

namespace pyro::vm {

/// Everything that shapes the state of a freshly booted guest: a template serves only machines of
/// its shape.
struct TemplateShape {
  std::string environment_digest;
  std::string kernel_digest;
  std::string initramfs;
  std::uint32_t vcpu_count = 1;
  std::uint32_t mem_mib = 1024;
  std::string accelerator;
  std::string vmm_version;
  std::string host_cpu;
  std::string command_line;

  template <class Fields>
  static void describe(Fields& f) {
    f("environment_digest", &TemplateShape::environment_digest, "SHA-256 of the root file system.");
    f("kernel_digest", &TemplateShape::kernel_digest, "SHA-256 of the kernel and its modules.");
    f("initramfs", &TemplateShape::initramfs,
      "File name of the initramfs: its digest, agent included.");
    f("vcpu_count", &TemplateShape::vcpu_count, "Virtual CPUs.");
    f("mem_mib", &TemplateShape::mem_mib, "Memory in MiB.");
    f("accelerator", &TemplateShape::accelerator, "kvm or tcg.");
    f("vmm_version", &TemplateShape::vmm_version, "The VMM's version, in its words.");
    f("host_cpu", &TemplateShape::host_cpu,
      "The part of the host's processor that shows in the guest.");
    f("command_line", &TemplateShape::command_line, "The VMM's, without a machine's own paths.");
  }
  bool operator==(const TemplateShape&) const = default;

  /// SHA-256 over all of it: the name of the template's directory.
  std::string key() const;
  /// Names the difference from `other`: `the kernel`, `the VMM`, …; "" if they are equal.
  std::string difference_to(const TemplateShape& other) const;
};

}  // namespace pyro::vm
