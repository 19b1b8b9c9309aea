#include "attestation/collateral/curl_http.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <curl/curl.h>

#include <utility>

namespace kedge::collateral {
namespace {

constexpr size_t kMaxHeaders = 128 * 1024;

struct CurlFree {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using CurlPtr = std::unique_ptr<CURL, CurlFree>;

size_t TakeBody(char* data, size_t size, size_t count, void* user) {
  auto* answer = static_cast<HttpAnswer*>(user);
  const size_t bytes = size * count;
  if (bytes > kMaxAnswer - answer->body.size()) return 0;  // ends the exchange
  answer->body.insert(answer->body.end(), data, data + bytes);
  return bytes;
}

struct HeaderSink {
  HttpAnswer& answer;
  size_t seen = 0;
};

size_t TakeHeader(char* data, size_t size, size_t count, void* user) {
  auto* sink = static_cast<HeaderSink*>(user);
  const size_t bytes = size * count;
  sink->seen += bytes;
  if (sink->seen > kMaxHeaders) return 0;
  const std::string_view line(data, bytes);
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return bytes;
  const std::string name = absl::AsciiStrToLower(absl::string_view(line.data(), colon));
  const std::string_view value = line.substr(colon + 1);
  sink->answer.headers[name] =
      std::string(absl::StripAsciiWhitespace(absl::string_view(value.data(), value.size())));
  return bytes;
}

class CurlHttp final : public Http {
 public:
  explicit CurlHttp(CurlOptions options) : options_(std::move(options)) {
    static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
    usable_ = global == CURLE_OK;
  }

  StatusOr<HttpAnswer> Get(const std::string& url) override {
    const CurlPtr handle(usable_ ? curl_easy_init() : nullptr);
    if (!handle) return Internal("libcurl cannot be set up");
    HttpAnswer answer;
    HeaderSink sink{answer};
    char problem[CURL_ERROR_SIZE] = "";
    RETURN_IF_ERROR(SetUp(handle.get(), url, answer, sink, problem));
    const CURLcode code = curl_easy_perform(handle.get());
    if (code != CURLE_OK) {
      return MakeFault(
          StatusCode::kUnavailable, "COLLATERAL_UNAVAILABLE", Advice::kRetry,
          absl::StrCat(url, ": ", problem[0] != 0 ? problem : curl_easy_strerror(code)));
    }
    long status = 0;
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<int>(status);
    return answer;
  }

 private:
  Status SetUp(CURL* handle, const std::string& url, HttpAnswer& answer, HeaderSink& sink,
               char* problem) const {
    bool good = true;
    const auto set = [&](CURLoption option, auto value) {
      good = curl_easy_setopt(handle, option, value) == CURLE_OK && good;
    };
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_USERAGENT, "kedge");
    set(CURLOPT_CONNECTTIMEOUT_MS,
        static_cast<long>(absl::ToInt64Milliseconds(options_.connect_timeout)));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(options_.timeout)));
    set(CURLOPT_ERRORBUFFER, problem);
    set(CURLOPT_WRITEFUNCTION, &TakeBody);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&answer));
    set(CURLOPT_HEADERFUNCTION, &TakeHeader);
    set(CURLOPT_HEADERDATA, static_cast<void*>(&sink));
    if (!options_.ca_file.empty()) set(CURLOPT_CAINFO, options_.ca_file.c_str());
    return good ? absl::OkStatus() : Internal("libcurl refuses an option");
  }

  const CurlOptions options_;
  bool usable_ = false;
};

}  // namespace

std::unique_ptr<Http> MakeCurlHttp(CurlOptions options) {
  return std::make_unique<CurlHttp>(std::move(options));
}

}  // namespace kedge::collateral
