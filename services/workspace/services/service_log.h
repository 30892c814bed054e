#pragma once

#include <cstdint>
#include <string>

#include "common/config/paths.h"
#include "common/work/work.h"
#include "services/workspace/secrets/secrets.h"
#include "services/workspace/services/service_table.h"

namespace pyro::workspace {

/// A part of what a service printed to one stream.
struct LogText {
  std::string text;
  std::uint64_t end = 0;      ///< bytes of the stream before its end
  bool begins_later = false;  ///< earlier output is left out
};

/// What services printed: in their guests while these are there, else what was kept of it.
class ServiceLogFiles {
 public:
  ServiceLogFiles(Paths paths, Secrets& secrets) : paths_(std::move(paths)), secrets_(secrets) {}

  /// So much of each stream is kept of a service that has ended.
  static constexpr std::uint64_t kKeptBytes = 256U << 10U;
  /// So much is given of each stream in one answer; the guest keeps as much.
  static constexpr std::uint64_t kMostBytes = 16U << 20U;

  /// The last lines of a stream (1 or 2); all that there is for `lines` 0. Throws when the guest
  /// cannot be asked.
  LogText tail_in_guest(const ServiceRecord& service, const std::string& vm_id,
                        std::uint32_t stream, std::uint32_t lines, const Work& work) const;
  /// What follows `offset`, as much as one answer of the guest has.
  LogText part_in_guest(const ServiceRecord& service, const std::string& vm_id,
                        std::uint32_t stream, std::uint64_t offset, const Work& work) const;
  LogText tail_kept(const ServiceRecord& service, std::uint32_t stream, std::uint32_t lines) const;

  /// Keeps the end of both streams on the host.
  void keep(const ServiceRecord& service, const std::string& vm_id, const Work& work) const;
  void drop(const ServiceRecord& service) const;

 private:
  std::filesystem::path file(const ServiceRecord& service, std::uint32_t stream) const;
  void redact(const ServiceRecord& service, LogText& log, std::uint64_t from) const;
  Paths paths_;
  Secrets& secrets_;
};

/// The last `lines` lines of a text; all of it for 0.
std::string_view last_lines(std::string_view text, std::uint32_t lines);

}  // namespace pyro::workspace
