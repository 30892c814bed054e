#include "services/vm/drivers/driver.h"

#include "common/base/error.h"

namespace pyro::vm {

Launch Driver::prepare_template(const api::Machine&, const api::BootFiles&, const MachinePaths&,
                                const TemplateFiles&) {
  throw internal_error("this driver makes no templates");
}

Launch Driver::prepare_restore(const api::Machine&, const api::BootFiles&, const MachinePaths&,
                               const TemplateFiles&) {
  throw internal_error("this driver makes no templates");
}

}  // namespace pyro::vm
