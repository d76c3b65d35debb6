// Draws tiles: a rectangle each. The rectangles are written anew for each frame.
import type { BindGroupHandle, BufferHandle, GpuHeap, TextureHandle } from '@handback/gpu';
import type { View } from './pyramid.ts';
import type { Tile } from './tiles.ts';

const MOST = 512;
const FLOATS = 6;
// VERTEX and COPY_DST.
const USAGE = 0x20 | 0x8;

const SHADER = /* wgsl */ `
@group(0) @binding(0) var linear: sampler;
@group(0) @binding(1) var texels: texture_2d<f32>;

struct Corner {
  @builtin(position) position: vec4f,
  @location(0) at: vec2f,
  @location(1) level: f32,
  @location(2) pixels: f32,
}

@vertex fn corner(@builtin(vertex_index) i: u32, @location(0) area: vec4f, @location(1) outline: vec2f) -> Corner {
  let at = vec2f(f32(i & 1u), f32(i >> 1u));
  return Corner(vec4f(mix(area.xy, area.zw, at), 0, 1), at, outline.x, outline.y);
}

@fragment fn texel(tile: Corner) -> @location(0) vec4f {
  let colour = textureSample(texels, linear, tile.at);
  let edge = min(min(tile.at.x, tile.at.y), min(1 - tile.at.x, 1 - tile.at.y)) * tile.pixels;
  let tone = 0.5 + 0.5 * cos(6.2832 * (tile.level * 0.29 + vec3f(0, 0.33, 0.67)));
  return select(colour, vec4f(tone, 1), tile.pixels > 0 && edge < 1.5);
}`;

export class Renderer {
  outlines = false;
  readonly #heap: GpuHeap;
  readonly #context: GPUCanvasContext;
  readonly #areas: BufferHandle;
  readonly #values: Float32Array<ArrayBuffer> = new Float32Array(MOST * FLOATS);
  #device!: GPUDevice;
  #pipeline!: GPURenderPipeline;
  #sampler!: GPUSampler;

  constructor(heap: GpuHeap, canvas: HTMLCanvasElement, device: GPUDevice) {
    this.#heap = heap;
    this.#context = canvas.getContext('webgpu') as GPUCanvasContext;
    this.#areas = heap.createBufferSync({ size: this.#values.byteLength, usage: USAGE, label: 'areas' });
    this.attach(device);
  }

  /** What is of a device, and nothing to count: made anew for each. */
  attach(device: GPUDevice): void {
    this.#device = device;
    const format = navigator.gpu.getPreferredCanvasFormat();
    this.#context.configure({ device, format, alphaMode: 'opaque' });
    const module = device.createShaderModule({ code: SHADER });
    const attributes: GPUVertexAttribute[] = [
      { shaderLocation: 0, offset: 0, format: 'float32x4' },
      { shaderLocation: 1, offset: 16, format: 'float32x2' },
    ];
    this.#pipeline = device.createRenderPipeline({
      layout: 'auto',
      vertex: { module, entryPoint: 'corner', buffers: [{ arrayStride: FLOATS * 4, stepMode: 'instance', attributes }] },
      fragment: { module, entryPoint: 'texel', targets: [{ format }] },
      primitive: { topology: 'triangle-strip' },
    });
    this.#sampler = device.createSampler({ magFilter: 'linear', minFilter: 'linear' });
  }

  draw(view: View, tiles: Tile[]): void {
    const drawn = tiles.slice(0, MOST);
    drawn.forEach(({ area, place }, i) => {
      const x = (unit: number): number => ((unit - view.x) * view.scale * 2) / view.width;
      const y = (unit: number): number => ((view.y - unit) * view.scale * 2) / view.height;
      const pixels = this.outlines ? (area.right - area.left) * view.scale : 0;
      this.#values.set([x(area.left), y(area.top), x(area.right), y(area.bottom), place.level, pixels], i * FLOATS);
    });
    // Not by `heap.writeBuffer`: a frame is drawn within this call, and must not wait in line behind the uploads of tiles.
    this.#device.queue.writeBuffer(this.#areas.value, 0, this.#values, 0, Math.max(1, drawn.length) * FLOATS);
    const encoder = this.#device.createCommandEncoder();
    const target = { view: this.#context.getCurrentTexture().createView(), loadOp: 'clear', storeOp: 'store' } as const;
    const pass = encoder.beginRenderPass({ colorAttachments: [{ ...target, clearValue: [0.07, 0.2, 0.34, 1] }] });
    pass.setPipeline(this.#pipeline);
    pass.setVertexBuffer(0, this.#areas.value);
    drawn.forEach((tile, i) => {
      pass.setBindGroup(0, (tile.group ??= this.#bind(tile.texture as TextureHandle)).value);
      pass.draw(4, 1, 0, i);
    });
    pass.end();
    this.#heap.submit([encoder.finish()]);
  }

  #bind(texture: TextureHandle): BindGroupHandle {
    const entries = [
      { binding: 0, resource: this.#sampler },
      { binding: 1, resource: texture },
    ];
    return this.#heap.createBindGroup({ layout: this.#pipeline.getBindGroupLayout(0), entries, label: texture.label });
  }
}
