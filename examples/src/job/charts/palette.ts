// Colours that people with any kind of colour vision tell apart (after Okabe and Ito), each in a tone for light and one for dark
// paper. The drawing names a colour by what it stands for; the style sheet inside the SVG decides the tone when it is shown.
export type Colour = 'vermilion' | 'amber' | 'blue' | 'green' | 'purple' | 'mauve' | 'grey';

const TONES: Record<Colour, { light: string; dark: string }> = {
  vermilion: { light: '#d55e00', dark: '#ff8b42' },
  amber: { light: '#c08a00', dark: '#f0b93a' },
  blue: { light: '#0072b2', dark: '#5cb3f2' },
  green: { light: '#009e73', dark: '#3fd0a2' },
  purple: { light: '#8f4a86', dark: '#d796cd' },
  mauve: { light: '#c48abb', dark: '#a8719f' },
  grey: { light: '#7d7d7d', dark: '#a3a3a3' },
};

const SURFACES = {
  light: { paper: '#ffffff', ink: '#1b1f24', soft: '#5b636c', grid: '#e4e7ea', axis: '#8a929a' },
  dark: { paper: '#14171a', ink: '#eceff1', soft: '#a5adb5', grid: '#2b3036', axis: '#6c747c' },
};

type Mode = 'light' | 'dark';

function rules(mode: Mode): string {
  const { paper, ink, soft, grid, axis } = SURFACES[mode];
  const surfaces = [
    `.paper{fill:${paper}}`,
    `.ink{fill:${ink}}`,
    `.soft{fill:${soft}}`,
    `.grid{stroke:${grid}}`,
    `.axis{stroke:${axis}}`,
    `.level{stroke:${soft}}`,
  ];
  const colours = Object.entries(TONES).flatMap(([name, tones]) => [`.line-${name}{stroke:${tones[mode]}}`, `.fill-${name}{fill:${tones[mode]}}`]);
  return [...surfaces, ...colours].join('');
}

/** The style sheet of every chart: light tones, dark ones where the reader's system asks for them. */
export const styleSheet: string = [
  'text{font-family:Inter,"Helvetica Neue",Helvetica,Arial,"DejaVu Sans",sans-serif;font-size:13px}',
  '.title{font-size:18px;font-weight:600}.panel{font-size:13.5px;font-weight:600}.small{font-size:12px}',
  '.grid{stroke-width:1}.axis{stroke-width:1.2}.line{fill:none;stroke-width:2;stroke-linejoin:round}.level{stroke-width:1;stroke-dasharray:2 4}',
  rules('light'),
  `@media (prefers-color-scheme:dark){${rules('dark')}}`,
].join('');
