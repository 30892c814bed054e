#include "services/files/reporting_sink.h"

#include <fmt/core.h>

#include "common/base/text.h"

namespace pyro::files {

void ReportingSink::entry(const tree::Entry& entry) {
  ++entries_;
  report();
  next_.entry(entry);
}

void ReportingSink::data(std::string_view bytes) {
  bytes_ += bytes.size();
  report();
  next_.data(bytes);
}

void ReportingSink::report() {
  if (Clock::now() < next_report_) return;
  next_report_ = Clock::now() + kInterval;
  work_.report("copy_files", fmt::format("{} files, {}", entries_, human_size(bytes_)), bytes_);
}

}  // namespace pyro::files
