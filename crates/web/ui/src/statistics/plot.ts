// Draws a chart on a canvas (uPlot). It is fetched when the first is drawn: no other page needs it.

import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { stacked, top, type Chart } from './charts';

/** How it looks: a canvas knows nothing of the page's styles. */
export interface Look {
    text: string;
    line: string;
    font: string;
    /** Of each series. */
    colours: string[];
}

/** What a drawing needs. */
export interface Drawing {
    chart: Chart;
    /** Of each interval, under the axis. */
    ticks: string[];
    look: Look;
    /** A value on the axis. */
    shown: (value: number) => string;
    /** Somebody points at that interval, or at none. */
    point: (at: number | null) => void;
}

const HEIGHT_PX = 210;
const AXIS_PX = 58;
const TICKS_PX = 28;
/** A label's least room, so that none lies on another. */
const TICK_PX = 62;
const BAR = { share: 0.75, most_px: 48 };
/** So much between two labels of callers, who are whole. */
const COUNTS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];
/** The same of times, as clocks go. */
const SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400];
/** So many intervals between two labels. */
const STEPS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 28, 48, 96, 192, 384, 768];
const LINE_PX = 2;
const POINT_PX = 5;
/** The second line of a chart is broken, so that it is told from the first without its colour. */
const BROKEN = [6, 4];

/** Draws it in a place as wide as that is; returns what takes it away. */
export function draw(place: HTMLElement, drawing: Drawing): () => void {
    const { chart, ticks, look } = drawing;
    const isBars = chart.as === 'bars';
    const values = isBars ? stacked(chart.series) : chart.series.map(({ values }) => values);
    const places = ticks.map((_, at) => at);
    // What stands on others is drawn first, and they before it.
    const order = chart.series.map((_, at) => at);
    if (isBars) order.reverse();
    const plot = new UPlot(
        {
            width: place.clientWidth,
            height: HEIGHT_PX,
            legend: { show: false },
            cursor: { y: false, drag: { x: false, y: false, setScale: false }, points: { show: !isBars } },
            scales: {
                x: { time: false, range: [-0.5, ticks.length - 0.5] },
                y: { range: (_, __, most) => [0, top(chart.unit, most)] },
            },
            axes: axes(drawing),
            series: [{}, ...order.map(at => series(chart, at, look.colours[at] ?? look.text))],
            hooks: { setCursor: [({ cursor }) => drawing.point(cursor.idx ?? null)] },
        },
        [places, ...order.map(at => values[at] ?? [])],
        place,
    );
    const watch = new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: HEIGHT_PX }));
    watch.observe(place);
    return () => {
        watch.disconnect();
        plot.destroy();
    };
}

function series(chart: Chart, at: number, colour: string): UPlot.Series {
    if (chart.as === 'bars') {
        const bars = UPlot.paths.bars?.({ size: [BAR.share, BAR.most_px] });
        return { fill: colour, width: 0, points: { show: false }, ...(bars && { paths: bars }) };
    }
    const dash = at > 0 ? { dash: BROKEN } : {};
    return { stroke: colour, width: LINE_PX, points: { show: true, size: POINT_PX, fill: colour }, ...dash };
}

function axes({ chart, ticks, look, shown }: Drawing): UPlot.Axis[] {
    const both = { stroke: look.text, font: look.font, ticks: { stroke: look.line, width: 1, size: 4 } };
    return [
        {
            ...both,
            size: TICKS_PX,
            space: TICK_PX,
            incrs: STEPS,
            grid: { show: false },
            values: (_, places) => places.map(at => ticks[at] ?? ''),
        },
        {
            ...both,
            size: AXIS_PX,
            ...(chart.unit === 'count' && { incrs: COUNTS }),
            ...(chart.unit === 'seconds' && { incrs: SECONDS }),
            grid: { stroke: look.line, width: 1 },
            values: (_, values) => values.map(shown),
        },
    ];
}
