#include "crypto/kdf_label.h"

#include <string>

#include "base/lp.h"

namespace kedge {

Bytes KdfInfo(std::string_view label, std::initializer_list<ByteView> fields) {
  LpWriter writer;
  writer.Add("kedge/1 kdf " + std::string(label));
  for (ByteView field : fields) writer.Add(field);
  return std::move(writer).Take();
}

}  // namespace kedge
