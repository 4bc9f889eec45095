import Basics

/// The style of pages: colors with enough contrast in light and dark mode, one column on a phone, everything reachable
/// by keyboard.
enum Style {
  /// The number of colors for groups and lines.
  static let colors = 10

  static let sheet = Markup.constant(
    """
    :root{color-scheme:light dark;--back:#fbfbf9;--card:#fff;--ink:#1c1d20;--soft:#565961;--edge:#d9dade;--link:#0b5394;
    --warn:#8a3b00;--warn-back:#fff3e4;--shade:11,83,148;--shade-ink:#fff;--shadow:rgba(20,20,40,.22);
    --c0:#1f5fa8;--c1:#b4471b;--c2:#22733a;--c3:#a32c4b;--c4:#6644a8;--c5:#77591f;--c6:#007583;--c7:#a03d8a;--c8:#4d5a00;--c9:#4b4f5c}
    @media(prefers-color-scheme:dark){:root{--back:#15161a;--card:#1d1f24;--ink:#ececef;--soft:#a9acb6;--edge:#383b43;
    --link:#8ab8f0;--warn:#ffc078;--warn-back:#33240f;--shade:138,184,240;--shade-ink:#10131a;--shadow:rgba(0,0,0,.7);
    --c0:#6fa8f5;--c1:#f2935f;--c2:#6fc98a;--c3:#f0859f;--c4:#b39af2;--c5:#d6b264;--c6:#4fc4d2;--c7:#e38ad0;--c8:#c3d04f;--c9:#b9bdca}}
    *{box-sizing:border-box}html{scroll-behavior:smooth;scroll-padding-top:4rem}
    @media(prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
    body{margin:0;background:var(--back);color:var(--ink);font:16px/1.55 system-ui,"Liberation Sans",sans-serif}
    header,main,footer{max-width:72rem;margin:0 auto;padding:0 1.25rem}header{padding-top:2rem}footer{padding-bottom:3rem;color:var(--soft)}
    h1{font-size:1.9rem;line-height:1.2;margin:0 0 .5rem}h2{font-size:1.35rem;margin:0 0 1rem;padding-top:1.75rem}
    h3{font-size:1.05rem;margin:1.75rem 0 .5rem}
    a{color:var(--link)}:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:3px}
    .skip{position:absolute;left:-100rem}.skip:focus{left:1rem;top:1rem;background:var(--card);padding:.5rem 1rem;z-index:3}
    nav{position:sticky;top:0;z-index:2;background:var(--back);border-bottom:1px solid var(--edge)}
    nav ul{max-width:72rem;margin:0 auto;padding:.35rem 1.25rem;display:flex;flex-wrap:wrap;gap:0 1.1rem;list-style:none}
    nav a{text-decoration:none;white-space:nowrap;display:block;padding:.3rem 0}nav a:hover{text-decoration:underline}
    dl.facts{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:1rem 0}
    dl.facts dt{color:var(--soft)}dl.facts dd{margin:0;overflow-wrap:anywhere}
    .columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,27rem),1fr));gap:1.25rem;align-items:start}
    .columns>*{min-width:0}.single{max-width:42rem}td.code{white-space:nowrap;font-family:ui-monospace,"Liberation Mono",monospace;font-size:.85rem}.scroll{overflow-x:auto;border:1px solid var(--edge);border-radius:8px;margin:.5rem 0;background:linear-gradient(to right,var(--card) 40%,transparent) left/3rem 100% no-repeat local,
    linear-gradient(to left,var(--card) 40%,transparent) right/3rem 100% no-repeat local,linear-gradient(to right,var(--shadow),transparent) left/1rem 100% no-repeat scroll,
    linear-gradient(to left,var(--shadow),transparent) right/1rem 100% no-repeat scroll,var(--card)}
    .scroll.wide{scrollbar-width:thin}.scroll.wide::after{content:"scrolls sideways →";position:sticky;left:0;display:block;padding:.1rem .8rem .3rem;color:var(--soft);font-size:.8rem}
    .lead{font-size:1.05rem;margin:.2rem 0 .8rem}.scores{display:flex;flex-wrap:wrap;gap:.8rem;list-style:none;padding:0;margin:.6rem 0}
    .scores li{border:1px solid var(--edge);border-radius:8px;background:var(--card);padding:.6rem .9rem;min-width:11rem}.scores b{font-size:1.7rem;font-variant-numeric:tabular-nums}
    .chart{cursor:crosshair;touch-action:pan-y}.cursor{stroke:var(--ink);stroke-width:1;pointer-events:none}.readout{display:block;min-height:1.4rem;color:var(--soft);font-size:.85rem;font-variant-numeric:tabular-nums}
    .command{display:flex;gap:.6rem;align-items:flex-start;margin:.4rem 0}.command pre{flex:1;margin:0;white-space:pre-wrap;overflow-wrap:anywhere}
    .scale{display:grid;grid-template-columns:auto 1fr auto;gap:.5rem;align-items:center;max-width:30rem;margin:.4rem 0;font-size:.85rem;color:var(--soft)}.scale img{width:100%;height:.8rem;display:block}
    table{border-collapse:collapse;width:100%;font-size:.92rem}caption{text-align:left;font-weight:600;padding:.6rem .8rem}
    th,td{padding:.35rem .8rem;text-align:left;border-top:1px solid var(--edge);vertical-align:top}
    thead th{border-top:0;color:var(--soft);font-weight:600;white-space:nowrap}tbody th,.bars th{font-weight:500}
    .number{font-variant-numeric:tabular-nums;white-space:nowrap}thead th:not(:first-child),td.number{text-align:right}thead tr.words th{text-align:left}
    tr.chance,tr.published,tr.reference{color:var(--soft)}tr.published th::after{content:" (published, not computed)"}
    .bar-cell{width:35%;min-width:5rem}.bar-cell svg{width:100%;height:.8rem;display:block;margin-top:.35rem}
    .note,.empty{color:var(--soft);font-size:.9rem}td.note{max-width:24rem;overflow-wrap:anywhere}
    .warning{background:var(--warn-back);color:var(--warn);border-radius:8px;padding:.6rem .9rem;margin:.5rem 0}
    figure{margin:0}.plot{border:1px solid var(--edge);border-radius:8px;background:var(--card);padding:.7rem .8rem;min-width:0}
    figcaption{font-weight:600;margin-bottom:.3rem}.plot>svg,.chart>svg{width:100%;height:auto;display:block}
    svg text{fill:var(--soft);font-size:11px}.grid{stroke:var(--edge);stroke-width:1}.middle{text-anchor:middle}.end{text-anchor:end}
    .line,.bar{fill:none;stroke-width:2;stroke-linejoin:round}.bar{stroke-width:1.5}
    .d1 .line,.d1.line{stroke-dasharray:7 3}.d2 .line{stroke-dasharray:2 3}.d3 .line{stroke-dasharray:9 3 2 3}
    .c0{--c:var(--c0)}.c1{--c:var(--c1)}.c2{--c:var(--c2)}.c3{--c:var(--c3)}.c4{--c:var(--c4)}.c5{--c:var(--c5)}.c6{--c:var(--c6)}
    .c7{--c:var(--c7)}.c8{--c:var(--c8)}.c9{--c:var(--c9)}.line,.bar{stroke:var(--c)}circle,.fill{fill:var(--c)}
    .marks path,.mark path{fill:var(--c);fill-opacity:.8;stroke:var(--c);stroke-width:1}path.other{fill:none;stroke:var(--soft);--c:var(--soft)}
    .legend{list-style:none;display:flex;flex-wrap:wrap;gap:.15rem 1rem;padding:0;margin:.4rem 0 0;font-size:.88rem}
    .legend svg{width:24px;height:8px;margin-right:.4rem;vertical-align:middle}.legend svg.mark{width:12px;height:12px}
    .scatter>svg{max-width:34rem;margin:0 auto}.matrix{width:100%;max-width:30rem;image-rendering:pixelated;display:block}
    .confusion td{text-align:center;min-width:2rem;padding:.3rem}.confusion thead th{text-align:center}
    .confusion tbody th{white-space:nowrap}.corner{color:var(--soft);font-size:.8rem;text-align:left!important;white-space:nowrap}
    .s1{background:rgba(var(--shade),.08)}.s2{background:rgba(var(--shade),.15)}.s3{background:rgba(var(--shade),.2)}
    .s4{background:rgba(var(--shade),.26)}.s5{background:rgba(var(--shade),.32)}.s6{background:rgba(var(--shade),.38)}
    .s7,.s8,.s9,.s10{color:var(--shade-ink)}.s7{background:rgba(var(--shade),.82)}.s8{background:rgba(var(--shade),.88)}
    .s9{background:rgba(var(--shade),.94)}.s10{background:rgb(var(--shade))}
    .gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,15rem),1fr));gap:1rem;list-style:none;padding:0}
    .clip{border:1px solid var(--edge);border-radius:8px;background:var(--card);overflow:hidden;min-width:0}
    .clip img{display:block;width:100%}.clip img.frame{aspect-ratio:4/3;object-fit:cover}.clip img.sound{height:5.5rem;image-rendering:pixelated}
    .clip .none{aspect-ratio:4/3;display:grid;place-items:center;color:var(--soft);background:var(--back)}
    .gallery:not(:has(img.frame)) .none,.columns .clip .none{aspect-ratio:auto;padding:.6rem}
    .clip div.words{padding:.5rem .7rem;overflow-wrap:anywhere;font-size:.9rem}.clip audio{width:100%;display:block}
    .tag{display:inline-block;border:1px solid currentColor;border-radius:999px;padding:0 .5rem;margin:.1rem .2rem .1rem 0;font-size:.8rem;color:var(--warn)}
    .neighbors{display:grid;grid-template-columns:minmax(9rem,1.2fr) repeat(5,minmax(6.5rem,1fr));gap:.6rem;list-style:none;padding:.6rem;margin:0}
    .neighbors .clip{font-size:.85rem}.right{outline:3px solid var(--c2);outline-offset:-3px}
    button{font:inherit;color:var(--ink);background:var(--back);border:1px solid var(--soft);border-radius:6px;padding:.25rem .7rem;cursor:pointer}
    button:hover{border-color:var(--link)}button.on{background:var(--link);color:var(--back)}
    .graph svg{min-width:44rem;width:100%;height:auto;display:block}.graph rect{fill:var(--card);stroke:var(--soft)}
    .graph rect.data{fill:var(--back);stroke-dasharray:4 3}.graph .name{fill:var(--ink);font-size:13px;font-weight:600}
    .graph .edge{fill:none;stroke:var(--soft);stroke-width:1.5}.graph .tip{fill:var(--soft)}
    pre{overflow-x:auto;background:var(--card);border:1px solid var(--edge);border-radius:8px;padding:.8rem 1rem;font-size:.88rem}
    details{margin:.5rem 0}summary{cursor:pointer}.mono{font-family:ui-monospace,"Liberation Mono",monospace;font-size:.85rem;overflow-wrap:anywhere}
    @media(max-width:40rem){body{font-size:15px}.plot svg text{font-size:16px}.plot svg text.axis[transform]{display:none}.graph svg text{font-size:11px!important}
    .gallery{grid-template-columns:repeat(2,minmax(0,1fr));gap:.6rem}.clip .words{font-size:.8rem}th,td{padding:.3rem .5rem}dl.facts{grid-template-columns:1fr}dl.facts dd{margin-bottom:.4rem}}
    @media print{nav,.skip{display:none}}
    """)
}
