// How the page looks: one column, small multiples that reflow, colours that differ in lightness as well as in hue (after
// Okabe and Ito), the same drawing in light, dark and on paper.

let styleSheet = """
    :root {
      color-scheme: light dark;
      --paper: #fdfcfa; --ink: #1d2126; --soft: #5c646e; --faint: #858d96; --rule: #e4e2dd; --wash: #f3f1ec;
      --holds: #1a6fa8; --timeout: #b9bec5; --unknown: #8d949d; --error: #3a3f46; --violated: #d2601a;
      --misclassified: #efc24f; --on-dark: #fff;
      --radius-a: #86bcdf; --radius-b: #123f66; --ratio-a: #e0a021; --ratio-b: #2c3c90;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --paper: #14171b; --ink: #e9e7e2; --soft: #a6adb6; --faint: #7d858f; --rule: #2b3037; --wash: #1c2026;
        --holds: #4c9fd6; --timeout: #5a626c; --unknown: #7e8792; --error: #c9ced5; --violated: #ee8444;
        --misclassified: #d9b04a; --on-dark: #0f1215;
        --radius-a: #3f6f96; --radius-b: #c5e4fb; --ratio-a: #e9b44c; --ratio-b: #8592f0;
      }
    }
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; }
    body {
      margin: 0; background: var(--paper); color: var(--ink);
      font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
      font-variant-numeric: tabular-nums;
    }
    main { max-width: 1080px; margin: 0 auto; padding: 40px 28px 80px; }
    h1, .answer { font-family: "Iowan Old Style", "Palatino Linotype", Palatino, Charter, Georgia, "DejaVu Serif", serif; }
    .eyebrow { margin: 0; color: var(--soft); font-size: 13px; letter-spacing: .04em; }
    h1 { margin: 2px 0 14px; font-size: 20px; font-weight: 400; font-style: italic; color: var(--soft); }
    .answer { margin: 0 0 14px; max-width: 34em; font-size: clamp(21px, 3.2vw, 29px); line-height: 1.32; text-wrap: pretty; }
    .facts { list-style: none; margin: 22px 0 0; padding: 14px 0 0; border-top: 1px solid var(--rule);
      display: flex; flex-wrap: wrap; gap: 6px 34px; color: var(--soft); font-size: 14px; }
    .facts b { color: var(--ink); font-size: 19px; font-weight: 600; margin-right: 3px; }
    .about { margin: 6px 0 0; color: var(--faint); font-size: 13px; }
    section { margin-top: 54px; }
    h2 { margin: 0 0 4px; font-size: 20px; font-weight: 650; letter-spacing: -.005em; }
    h2.architecture { margin-top: 60px; padding-top: 14px; border-top: 2px solid var(--ink); }
    h3 { margin: 30px 0 2px; font-size: 16px; font-weight: 650; }
    .lead { margin: 0 0 16px; max-width: 52em; color: var(--soft); font-size: 14.5px; text-wrap: pretty; }
    .panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(280px, 1fr)); gap: 26px 34px; align-items: start; }
    figure { margin: 0; max-width: 420px; break-inside: avoid; }
    svg { display: block; width: 100%; height: auto; overflow: visible; }
    svg text { font: 11px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; fill: var(--soft); }
    svg .title { font-size: 13px; font-weight: 650; fill: var(--ink); }
    svg .label { fill: var(--ink); }
    svg .value { fill: var(--ink); font-weight: 600; }
    svg .faint { fill: var(--faint); }
    svg .tick { font-size: 10px; fill: var(--faint); }
    svg .grid, svg .axis, svg .net { stroke: var(--rule); stroke-width: 1; }
    svg .axis { stroke: var(--faint); }
    svg .net { stroke: var(--ink); stroke-width: 2; }
    .fill { stroke: var(--paper); stroke-width: .8; }
    svg .inside { font-size: 10px; pointer-events: none; }
    .on-holds, .on-error { fill: var(--on-dark) !important; }
    .on-violated { fill: var(--on-dark) !important; }
    .on-timeout, .on-unknown { fill: var(--ink) !important; }
    .on-misclassified { fill: #1d2126 !important; }
    .fill.holds { fill: var(--holds); } .fill.timeout { fill: var(--timeout); } .fill.unknown { fill: var(--unknown); }
    .fill.error { fill: var(--error); } .fill.violated { fill: var(--violated); }
    .fill.misclassified { fill: var(--misclassified); }
    .fill.mark { fill: var(--ink); stroke: var(--paper); stroke-width: 1.2; }
    .whisker { stroke-linecap: butt; }
    .whisker.seed { stroke: var(--ink); stroke-width: 2; }
    .whisker.image { stroke: var(--holds); stroke-width: 2; opacity: .75; }
    .curve { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
    .band { stroke: none; opacity: .14; }
    .radius { --c: color-mix(in oklab, var(--radius-a), var(--radius-b) var(--k, 100%)); }
    .ratio { --c: color-mix(in oklab, var(--ratio-a), var(--ratio-b) var(--k, 100%)); }
    .dense { --c: var(--faint); }
    .focus { --c: var(--holds); }
    .curve.radius, .curve.ratio, .curve.dense, .curve.focus { stroke: var(--c); }
    .band.radius, .band.ratio, .band.dense, .band.focus, .dot { fill: var(--c); }
    .dot { stroke: var(--paper); stroke-width: .8; }
    .dot.plain { fill: transparent; stroke: none; }
    svg .end { font-size: 10.5px; font-weight: 600; fill: var(--c); }
    .front { fill: var(--holds); stroke: var(--paper); stroke-width: 1; }
    .frontier { fill: none; stroke: var(--holds); stroke-width: 1; opacity: .45; }
    .dominated { fill: var(--paper); stroke: var(--faint); stroke-width: 1.4; }
    .legend { display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 0 0 14px; font-size: 13px; color: var(--soft); }
    .swatch { display: inline-block; width: 11px; height: 11px; margin-right: 6px; border-radius: 2px; vertical-align: -1px; }
    .swatch.holds { background: var(--holds); } .swatch.timeout { background: var(--timeout); }
    .swatch.unknown { background: var(--unknown); } .swatch.error { background: var(--error); }
    .swatch.violated { background: var(--violated); } .swatch.misclassified { background: var(--misclassified); }
    .key { display: inline-block; width: 18px; height: 0; margin: 0 5px 0 3px; vertical-align: middle; border-top: 2.5px solid; }
    .key.seed { border-color: var(--ink); } .key.image { border-color: var(--holds); }
    details { margin: 12px 0 0; padding-top: 10px; border-top: 1px solid var(--rule); font-size: 14.5px; max-width: 60em; }
    .panels + details { margin-top: 26px; }
    summary { cursor: pointer; } summary b { margin-right: 6px; }
    details ul { margin: 8px 0 4px; padding-left: 20px; color: var(--soft); }
    .scroll { overflow-x: auto; margin: 0 -28px; padding: 0 28px; }
    table { border-collapse: collapse; font-size: 13px; white-space: nowrap; }
    th, td { padding: 4px 10px; text-align: right; font-weight: 400; border-bottom: 1px solid var(--rule); }
    th.text, td.text { text-align: left; }
    thead th { border-bottom: 1px solid var(--faint); color: var(--soft); vertical-align: bottom; }
    tbody th { color: var(--ink); font-weight: 600; }
    .sortable th:first-child { position: sticky; left: -28px; background: var(--paper); }
    tbody tr:hover, .sortable tbody tr:hover th { background: var(--wash); }
    th button { all: unset; cursor: pointer; font-weight: 600; }
    th button:focus-visible { outline: 2px solid var(--holds); outline-offset: 2px; }
    th[aria-sort=ascending] button::after { content: " ↑"; } th[aria-sort=descending] button::after { content: " ↓"; }
    .controls { display: flex; flex-wrap: wrap; gap: 8px 22px; margin: 0 0 14px; font-size: 14px; color: var(--soft); }
    select { font: inherit; color: var(--ink); background: var(--wash); border: 1px solid var(--rule); border-radius: 5px; padding: 3px 6px; max-width: 100%; }
    #thumbnails { display: flex; flex-wrap: wrap; gap: 4px; }
    #thumbnails button { all: unset; cursor: pointer; border: 3px solid var(--rule); border-radius: 4px; line-height: 0; min-width: 30px; text-align: center; }
    #thumbnails button:focus-visible, #thumbnails button[aria-pressed=true] { outline: 2px solid var(--ink); outline-offset: 1px; }
    #thumbnails span { display: block; font-size: 11px; line-height: 24px; padding: 0 4px; }
    #thumbnails canvas { width: 36px; height: 36px; border-radius: 1px; }
    canvas { image-rendering: pixelated; }
    .o-holds { border-color: var(--holds) !important; } .o-timeout { border-color: var(--timeout) !important; }
    .o-unknown { border-color: var(--unknown) !important; } .o-error { border-color: var(--error) !important; }
    .o-violated { border-color: var(--violated) !important; } .o-misclassified { border-color: var(--misclassified) !important; }
    #detail { margin-top: 24px; padding-top: 18px; border-top: 1px solid var(--rule); }
    #detail .pictures { display: flex; flex-wrap: wrap; gap: 18px; }
    #detail figure { width: 168px; }
    #detail .pictures canvas { width: 168px; height: auto; display: block; border: 1px solid var(--rule); }
    figcaption { font-size: 12.5px; line-height: 1.4; color: var(--soft); margin-top: 5px; }
    #detail dl { display: grid; grid-template-columns: max-content 1fr; gap: 1px 16px; margin: 16px 0; font-size: 14px; }
    #detail dt { color: var(--soft); } #detail dd { margin: 0; }
    .scroll.matrix { margin: 0; padding: 2px 0 4px; } .matrix table { font-size: 12px; }
    .matrix td, .matrix th { border: 0; padding: 2px 4px; }
    .matrix thead th { max-width: 9em; }
    .matrix button { all: unset; cursor: pointer; display: block; width: 20px; height: 16px; border-radius: 2px; margin: 0 auto; background: var(--wash); }
    .matrix button[aria-pressed=true], .matrix button:focus-visible { outline: 2px solid var(--ink); outline-offset: 1px; }
    .b-holds { background: var(--holds) !important; } .b-timeout { background: var(--timeout) !important; }
    .b-unknown { background: var(--unknown) !important; } .b-error { background: var(--error) !important; }
    .b-violated { background: var(--violated) !important; } .b-misclassified { background: var(--misclassified) !important; }
    .notes { padding-left: 20px; max-width: 46em; color: var(--soft); font-size: 14px; }
    .notes b { color: var(--ink); } .notes li { margin-bottom: 6px; }
    #live { position: fixed; right: 14px; bottom: 14px; padding: 5px 12px; border-radius: 14px; font-size: 12.5px;
      background: var(--ink); color: var(--paper); opacity: .88; }
    @media (max-width: 560px) {
      main { padding: 24px 18px 60px; } .scroll { margin: 0 -18px; padding: 0 18px; }
      .sortable th:first-child { left: -18px; }
      section { margin-top: 42px; } .facts { gap: 2px 22px; } .facts li { min-width: 40%; }
      .panels { gap: 24px; }
      #detail figure { width: calc(33.3% - 8px); } #detail .pictures { gap: 12px; flex-wrap: nowrap; }
      #detail .pictures canvas { width: 100%; }
    }
    @media print {
      :root { --paper: #fff; --ink: #000; --soft: #333; --faint: #666; --rule: #ccc; --wash: #eee;
        --holds: #1a6fa8; --timeout: #b9bec5; --unknown: #8d949d; --error: #3a3f46; --violated: #d2601a;
        --misclassified: #efc24f; --on-dark: #fff;
        --radius-a: #86bcdf; --radius-b: #123f66; --ratio-a: #e0a021; --ratio-b: #2c3c90; }
      * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
      @page { margin: 14mm; }
      body { font-size: 10.5pt; } main { max-width: none; padding: 0; } section { margin-top: 26pt; }
      h2, h3, .lead, .legend { break-after: avoid; } details { break-inside: avoid; }
      .panels { grid-template-columns: repeat(3, 1fr); gap: 14pt 16pt; }
      .scroll { overflow: visible; margin: 0; padding: 0; } table { font-size: 6pt; white-space: normal; } th, td { padding: 1pt 3pt; }
      .controls, .images #thumbnails, #live { display: none; }
    }
    """
