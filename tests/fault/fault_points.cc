#include "tests/fault/fault_points.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "common/base/files.h"

namespace pyro::test {

namespace fs = std::filesystem;

FaultPoints::FaultPoints(fs::path directory) : directory_(std::move(directory)) {
  fs::create_directories(directory_);
}

void FaultPoints::begin_trace() { std::ofstream(directory_ / "trace").flush(); }

std::vector<std::string> FaultPoints::end_trace() {
  std::vector<std::string> points;
  std::ifstream trace(directory_ / "trace");
  for (std::string line; std::getline(trace, line);) {
    if (std::find(points.begin(), points.end(), line) == points.end()) points.push_back(line);
  }
  fs::remove(directory_ / "trace");
  return points;
}

void FaultPoints::kill_at(const std::string& point) {
  write_file_atomically(directory_ / "stop-at", point);
}

void FaultPoints::hold_at(const std::string& point) {
  ::mkfifo((directory_ / "go").c_str(), 0600);
  go_ = open_file(directory_ / "go", O_RDWR);
  kill_at(point);
}

bool FaultPoints::held() const { return fs::exists(directory_ / "reached"); }

void FaultPoints::release() {
  if (go_) write_all(go_.get(), "go");
  go_.reset();
  for (const char* name : {"stop-at", "reached", "go"}) fs::remove(directory_ / name);
}

}  // namespace pyro::test
