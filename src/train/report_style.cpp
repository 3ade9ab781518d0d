#include "train/report_page.hpp"

namespace tenon::detail {

// Training is blue and validation orange and dashed: colours that the colour-blind tell apart, and
// lines that differ in print.
const std::string_view report_style = R"css(
:root{--page:#f4f6f9;--card:#fff;--ink:#1b2330;--soft:#556073;--line:#dce1e9;--train:#0a63b0;--val:#c24a00;--faint:#a9c8e4;--note:#fff4d6;--note-ink:#5f4300;--hit:20 96 190;--miss:200 75 0;--strong:#fff;--tip:#1b2330;--tip-ink:#fff;--map:none}
@media (prefers-color-scheme:dark){:root{--page:#10141b;--card:#191f29;--ink:#e7ebf2;--soft:#a7b2c3;--line:#323c4c;--train:#6cb6ff;--val:#ffab5c;--faint:#36597c;--note:#3a3013;--note-ink:#ffdf94;--hit:34 98 190;--miss:205 90 16;--strong:#fff;--tip:#e7ebf2;--tip-ink:#10141b;--map:brightness(1.75)}}
@media print{:root{--page:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#ccc;--train:#0a63b0;--val:#c24a00;--faint:#a9c8e4;--note:#fff;--note-ink:#000;--hit:20 96 190;--miss:200 75 0;--strong:#fff;--map:none}}
*{box-sizing:border-box}
html{color-scheme:light dark;-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;overflow-wrap:anywhere}
header,main,footer{max-width:1320px;margin:0 auto;padding:0 clamp(14px,3vw,32px)}
body>header{padding-top:28px}
h1{font-size:clamp(1.4rem,4vw,1.9rem);line-height:1.2;margin:0 0 12px;letter-spacing:-.01em}
h2{font-size:1.2rem;line-height:1.3;margin:0 0 14px}
p{margin:0 0 14px;max-width:75ch}
.prose{white-space:pre-line}
nav ul{display:flex;flex-wrap:wrap;gap:8px;margin:0;padding:0;list-style:none}
nav li{max-width:100%}
nav a{display:block;padding:5px 12px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;border:1px solid var(--line);border-radius:99px;background:var(--card);color:var(--ink);text-decoration:none;font-size:.88rem}
nav a:hover{border-color:var(--train);color:var(--train)}
:focus-visible{outline:2px solid var(--train);outline-offset:2px}
section{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:clamp(14px,2.4vw,26px);margin:18px 0;scroll-margin-top:10px}
footer{color:var(--soft);font-size:.8rem;padding-bottom:28px}
small{color:var(--soft);font-size:.8rem}
figure{margin:0;min-width:0}
.note{padding:9px 14px;border-left:4px solid var(--train);background:var(--page);border-radius:0 8px 8px 0;max-width:none}
.note.warning{border-color:var(--val);background:var(--note);color:var(--note-ink)}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:10px;margin:0 0 22px}
.tile{display:flex;flex-direction:column;justify-content:space-between;border:1px solid var(--line);border-radius:10px;padding:10px 14px;min-width:0}
.tile dt{color:var(--soft);font-size:.8rem}
.tile dd{margin:0;font-size:1.35rem;font-weight:650;line-height:1.35;font-variant-numeric:tabular-nums}
.tile small{display:block;font-weight:400;min-height:1.5em}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr));gap:22px 26px;margin-bottom:22px}
figcaption{display:flex;flex-wrap:wrap;gap:2px 14px;align-items:baseline;font-size:.86rem;margin-bottom:4px}
figcaption b{font-size:.95rem}
.key{display:inline-flex;gap:5px;align-items:center;color:var(--soft)}
.chart{display:flex;flex-direction:column;justify-content:flex-end}.chart>svg{display:block;width:100%;height:auto;touch-action:pan-y}
svg text{font-size:12px;fill:var(--soft);font-variant-numeric:tabular-nums}
svg .name{fill:var(--ink)}
.end{text-anchor:end}.mid{text-anchor:middle}
.grid{stroke:var(--line)}.base,.tick{stroke:var(--soft)}
.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.train{--c:var(--train)}.val{--c:var(--val)}.faint{--c:var(--faint)}
.line{stroke:var(--c)}.val .line{stroke-dasharray:6 4}.faint .line{stroke-width:1}
circle{fill:var(--c)}.best{fill:none;stroke:var(--c);stroke-width:1.8}
.gap{stroke:var(--val);stroke-width:2;fill:none}
.cross{stroke:var(--soft);stroke-dasharray:2 3}
.scroll{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;overflow-wrap:break-word;font-size:.88rem;font-variant-numeric:tabular-nums;margin:0 0 16px}
caption{text-align:left;font-weight:600;padding:0 0 6px;white-space:nowrap}
th,td{padding:5px 12px;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
thead th{color:var(--soft);font-weight:600;font-size:.8rem;vertical-align:bottom}
tbody th{font-weight:600;max-width:24em}td:not(.n){min-width:4em}
.n{text-align:right;white-space:nowrap}.where{white-space:nowrap}.pair th,.pair td{padding:5px 8px}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,520px),1fr));gap:8px 34px;align-items:start;margin-top:6px}
.settings{width:100%;overflow-wrap:anywhere}.settings th{width:34%}
details{margin:0 0 14px;min-width:0}summary{cursor:pointer;padding:4px 0;font-weight:600;font-size:.9rem}
pre{overflow-x:auto;background:var(--page);border:1px solid var(--line);border-radius:10px;padding:12px 16px;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;margin:0 0 14px}
.matrix{border-collapse:separate;border-spacing:2px}
.matrix caption{white-space:normal;font-weight:400;color:var(--soft);font-size:.8rem}
.matrix th,.matrix td{border:0;min-width:0;padding:0 8px;vertical-align:middle}
.matrix td{min-width:48px;height:38px;text-align:center;border-radius:4px;background:rgb(var(--hit)/var(--a))}
.matrix .miss{background:rgb(var(--miss)/var(--a))}
.matrix .zero{color:var(--soft)}.matrix .strong{color:var(--strong);font-weight:650}
.matrix thead th{text-align:center;padding-bottom:4px}
.matrix tbody th{text-align:right;position:sticky;left:0;background:var(--card)}
.matrix th span{display:block;max-width:9em;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.matrix.long thead th span{writing-mode:vertical-rl;transform:rotate(180deg);max-width:none;max-height:9em;margin:0 auto}
.bar{display:inline-block;vertical-align:middle;width:38px;height:7px;margin-right:8px;border-radius:4px;background:linear-gradient(var(--train),var(--train)) no-repeat 0 0/var(--w) 100% var(--line)}
.heat{margin-bottom:14px}.heat svg{display:block;width:100%;height:auto}
.heat image{image-rendering:pixelated;filter:var(--map)}
.frame{fill:none;stroke:var(--line)}
.heat text{font-size:11px}
.maps{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,390px),1fr));gap:14px 26px}.maps.large{grid-template-columns:repeat(auto-fill,minmax(min(100%,560px),1fr))}
.samples{display:grid;grid-template-columns:repeat(auto-fill,minmax(158px,1fr));gap:14px}
.sample{border:1px solid var(--line);border-radius:10px;overflow:hidden;background:var(--page)}
.sample img{display:block;width:100%;aspect-ratio:1;object-fit:contain;background:#000}
.sample figcaption{display:block;padding:8px 9px;margin:0}
img{image-rendering:pixelated}
.share{display:grid;grid-template-columns:1fr auto;gap:0 8px;font-size:.84rem;line-height:1.35;margin-bottom:6px}
.share span{grid-column:1/3;color:var(--soft);font-size:.75rem}
.share b{min-width:0}.share em{font-style:normal;font-variant-numeric:tabular-nums}
.share i{grid-column:1/3;height:5px;border-radius:3px;margin-top:2px;background:linear-gradient(var(--c),var(--c)) no-repeat 0 0/var(--w) 100% var(--line)}
.truth{--c:var(--train)}.guess{--c:var(--val)}
.none{font-size:.84rem;margin:0;color:var(--val)}
.texts{display:grid;gap:14px}
.text{border:1px solid var(--line);border-radius:10px;display:grid;grid-template-columns:minmax(130px,190px) 1fr}
.text header{padding:12px 14px;margin:0;border-right:1px solid var(--line)}
blockquote{margin:0;padding:12px 16px;white-space:pre-wrap;unicode-bidi:isolate;min-width:0}
b,th,td,dt,figcaption,h1,h2,a{unicode-bidi:isolate}
@media (max-width:560px){.bar{display:none}.text{grid-template-columns:1fr}.text header{border-right:0;border-bottom:1px solid var(--line);display:grid;grid-template-columns:1fr 1fr;gap:0 14px}.text header small{grid-column:1/3}th,td{padding:5px 8px}.samples{grid-template-columns:repeat(2,1fr)}.tiles{grid-template-columns:repeat(2,1fr)}}
.filters{display:grid;grid-template-columns:repeat(auto-fill,minmax(72px,1fr));gap:10px}
.filters img{display:block;width:100%;border:1px solid var(--line)}
.filters figcaption{color:var(--soft);font-size:.75rem;justify-content:center}
.swatch{display:inline-block;width:.85em;height:.85em;border-radius:2px;margin-right:4px;vertical-align:-.08em;background:#05529e}.swatch.high{background:#cc5400}.swatch.nan{background:#cc0099}
#tip{position:fixed;z-index:9;pointer-events:none;background:var(--tip);color:var(--tip-ink);padding:6px 10px;border-radius:7px;font-size:.8rem;line-height:1.4;white-space:pre-line;max-width:min(320px,80vw);font-variant-numeric:tabular-nums}
#tip[hidden]{display:none}
@media print{nav,#tip{display:none}section{border:0;padding:0}figure,.tile,.text,tr{break-inside:avoid}h2{break-after:avoid}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
)css";

}  // namespace tenon::detail
