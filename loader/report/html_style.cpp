#include "loader/report/html.hpp"

namespace custody::report::html {

// Colors are chosen to be told apart in both schemes and in print; no verdict is told by color
// alone.
const std::string_view kStyle = R"css(
:root { color-scheme: light dark;
  --paper: #ffffff; --card: #f6f8fa; --ink: #1c2733; --soft: #5b6b7b; --line: #dce3ea;
  --good: #0f7b4f; --good-back: #e3f6ec; --bad: #b42318; --bad-back: #fdebe9;
  --warn: #8a5a00; --warn-back: #fff4da; --accent: #245fc7;
  --k-copy: #3d7de0; --k-verify: #16a06a; --k-index: #e39a12; --k-key: #9257d6;
  --k-schema: #7c8b9b; --k-other: #17a2b8; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #12171d; --card: #1a2129; --ink: #e3eaf1; --soft: #93a3b3; --line: #2c3743;
  --good: #5ed4a0; --good-back: #12301f; --bad: #ff8a80; --bad-back: #3a1815;
  --warn: #f5c563; --warn-back: #33270d; --accent: #82aefc;
  --k-copy: #5b97f5; --k-verify: #35c088; --k-index: #efb043; --k-key: #b084e8;
  --k-schema: #8797a8; --k-other: #3fbfd3; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1120px; padding: 32px 24px 64px; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans",
  sans-serif; }
h1 { font-size: 22px; margin: 0; } h2 { font-size: 17px; margin: 40px 0 12px; }
p { margin: 0 0 10px; max-width: 78ch; } .soft { color: var(--soft); }
code, .mono { font: 13px/1.45 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono",
  monospace; overflow-wrap: anywhere; }
.top { display: flex; justify-content: space-between; gap: 16px; align-items: baseline;
  flex-wrap: wrap; margin-bottom: 18px; }
.banner { border-radius: 10px; padding: 18px 22px; display: flex; gap: 18px; align-items: center;
  border: 1px solid currentColor; }
.banner .mark { font-size: 34px; line-height: 1; } .banner strong { font-size: 20px; }
.banner .word { text-transform: uppercase; letter-spacing: .08em; font-size: 12px;
  font-weight: 600; }
.equal { color: var(--good); background: var(--good-back); }
.different { color: var(--bad); background: var(--bad-back); }
.unverified { color: var(--warn); background: var(--warn-back); }
.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px;
  margin: 16px 0; }
.numbers div { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 12px 16px; }
.numbers b { display: block; font-size: 21px; font-variant-numeric: tabular-nums; }
.numbers span { color: var(--soft); font-size: 13px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 7px 12px 7px 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { color: var(--soft); font-weight: 600; font-size: 13px; white-space: nowrap; }
td.n, th.n { text-align: right; white-space: nowrap; padding-right: 20px; }
tr.more td { border-bottom: 1px solid var(--line); padding-top: 0; }
tr.has-more td { border-bottom: 0; }
.name { overflow-wrap: anywhere; font-weight: 600; min-width: 10em; }
.chip { display: inline-block; border-radius: 999px; padding: 1px 10px; font-size: 13px;
  font-weight: 600; white-space: nowrap; }
.chip.plain { background: var(--card); color: var(--soft); border: 1px solid var(--line); }
dl { display: grid; grid-template-columns: 130px 1fr; gap: 6px 16px; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: 16px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 16px 18px; }
.card h3 { margin: 0 0 10px; font-size: 14px; color: var(--soft); text-transform: uppercase;
  letter-spacing: .06em; }
ul { margin: 0; padding-left: 20px; max-width: 82ch; } li { margin-bottom: 6px; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 14px 16px; overflow-x: auto; margin: 8px 0 0; white-space: pre-wrap; }
.message { white-space: pre-wrap; overflow-wrap: anywhere; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font: 12px system-ui, "DejaVu Sans", sans-serif; }
svg text.lane { fill: var(--ink); } svg .grid { stroke: var(--line); stroke-width: 1; }
svg .phase { fill: var(--card); stroke: var(--line); }
.k-copy { fill: var(--k-copy); background: var(--k-copy); }
.k-verify { fill: var(--k-verify); background: var(--k-verify); }
.k-index { fill: var(--k-index); background: var(--k-index); }
.k-key { fill: var(--k-key); background: var(--k-key); }
.k-schema { fill: var(--k-schema); background: var(--k-schema); }
.k-other { fill: var(--k-other); background: var(--k-other); }
footer { margin-top: 48px; padding-top: 14px; border-top: 1px solid var(--line);
  color: var(--soft); font-size: 13px; }
@media (max-width: 720px) { .sides { grid-template-columns: 1fr; } .wide { overflow-x: auto; } }
@media (max-width: 480px) { body { padding: 20px 16px 48px; } dl { grid-template-columns: 1fr;
  gap: 0; } dd { margin-bottom: 8px; } .banner { padding: 14px 16px; } .banner strong {
  font-size: 17px; } .numbers { grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); } }
@media print { :root { color-scheme: light;
  --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --good: #0f6b45;
  --good-back: #fff; --bad: #a31d12; --bad-back: #fff; --warn: #714a00; --warn-back: #fff;
  --k-copy: #3d7de0; --k-verify: #16a06a; --k-index: #e39a12; --k-key: #9257d6;
  --k-schema: #7c8b9b; --k-other: #17a2b8; }
  body { max-width: none; padding: 0; font-size: 11px; } h2 { break-after: avoid; }
  tr, .card, .banner, svg { break-inside: avoid; } thead { display: table-header-group; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
)css";

} // namespace custody::report::html
